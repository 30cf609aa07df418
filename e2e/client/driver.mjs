// Runs scenarios with @aerobee/client in a process of its own, which the harness can kill. The protocol on standard
// input and output is described in e2e/README.md.
import { createInterface } from 'node:readline'
import { consume, produce, stored } from './load.mjs'
import { member } from './member.mjs'
import { halves, outcomes } from './transactions.mjs'

/**
 * @typedef {object} Run what a scenario gets
 * @property {typeof import('@aerobee/client')} client
 * @property {import('@aerobee/client').ClientOptions} common of every role
 * @property {string} topic
 * @property {string} group of members
 * @property {boolean} orderly of members
 * @property {string} file to write to
 * @property {(figures: object) => void} event tells figures on the way
 * @property {AbortSignal} stop aborted when the scenario is told to stop
 */

/** @type {Record<string, (run: Run) => Promise<object>>} */
const scenarios = { consume, halves, member, outcomes, produce, stored }

/** @type {typeof import('@aerobee/client')} */
const client = await import(process.argv[2])

/** @param {object} line */
const write = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)

const log = (/** @type {string} */ level) => (/** @type {string} */ text) =>
  process.stderr.write(`${new Date().toISOString()} ${level} ${text}\n`)

const logger = { debug: () => {}, info: log('info'), warn: log('warn'), error: log('error') }

/** @type {Map<number, AbortController>} */
const running = new Map()
const requests = createInterface({ input: process.stdin })
requests.on('line', async (line) => {
  const { id, run, stop, namesrv, ...parameters } = JSON.parse(line)
  if (stop) return running.get(id)?.abort()
  const stopping = new AbortController()
  running.set(id, stopping)
  try {
    const common = { namesrvAddr: namesrv, logger }
    const event = (/** @type {object} */ figures) => write({ id, event: figures })
    const result = await scenarios[run]({ client, common, event, stop: stopping.signal, ...parameters })
    write({ id, ok: true, result })
  } catch (error) {
    write({ id, ok: false, error: error instanceof Error ? error.stack : String(error) })
  }
  running.delete(id)
})
requests.on('close', () => process.exit(0))
write({ event: 'ready' })
