// Runs scenarios with @aerobee/client in a process of its own, which the harness can kill. The protocol on standard
// input and output is described in e2e/README.md.
import { appendFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'

/** @typedef {import('@aerobee/client').ReceivedMessage} ReceivedMessage */

const { PushConsumer } = await import(process.argv[2])

/** A queue counts as served while its last message is younger than this. */
const recentNs = 700_000_000n

/** @param {object} line */
const write = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)

const log = (/** @type {string} */ level) => (/** @type {string} */ text) =>
  process.stderr.write(`${new Date().toISOString()} ${level} ${text}\n`)

/**
 * One member of a group whose other members are other processes, with other clients. Each call of the listener is two
 * lines of the file, "B time queueId offset n" and "E time queueId offset n"; the time is that of the machine's monotonic
 * clock, in ns.
 * @param {any} parameters
 * @param {(figures: object) => void} event
 * @param {AbortSignal} stop
 */
async function member({ namesrv, topic, group, orderly, file }, event, stop) {
  writeFileSync(file, '')
  let taken = 0
  /** @type {Map<number, bigint>} */
  const served = new Map()
  // At once, so that a process that is killed leaves all that it began.
  const note = (/** @type {'B' | 'E'} */ what, /** @type {ReceivedMessage} */ message) => {
    const place = `${message.queue.queueId} ${message.queueOffset} ${message.text()}`
    appendFileSync(file, `${what} ${process.hrtime.bigint()} ${place}\n`)
  }
  const take = async (/** @type {ReceivedMessage} */ message) => {
    note('B', message)
    await pause(1)
    served.set(message.queue.queueId, process.hrtime.bigint())
    taken += 1
    note('E', message)
  }
  const consumer = new PushConsumer({
    namesrvAddr: namesrv,
    consumerGroup: group,
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    logger: { debug: () => {}, info: log('info'), warn: log('warn'), error: log('error') },
  })
  consumer.subscribe(topic)
  await (orderly ? consumer.runOrderly(take) : consumer.run(take))
  while (!stop.aborted) {
    await pause(100, undefined, { signal: stop }).catch(() => {})
    const now = process.hrtime.bigint()
    const queues = [...served.values()].filter((at) => now - at < recentNs).length
    event({ taken, queues })
  }
  await consumer.close()
  return { taken }
}

/** @type {Record<string, (parameters: any, event: (figures: object) => void, stop: AbortSignal) => Promise<object>>} */
const scenarios = { member }

/** @type {Map<number, AbortController>} */
const running = new Map()
const requests = createInterface({ input: process.stdin })
requests.on('line', async (line) => {
  const { id, run, stop, ...parameters } = JSON.parse(line)
  if (stop) return running.get(id)?.abort()
  const stopping = new AbortController()
  running.set(id, stopping)
  try {
    const event = (/** @type {object} */ figures) => write({ id, event: figures })
    write({ id, ok: true, result: await scenarios[run](parameters, event, stopping.signal) })
  } catch (error) {
    write({ id, ok: false, error: error instanceof Error ? error.stack : String(error) })
  }
  running.delete(id)
})
requests.on('close', () => process.exit(0))
write({ event: 'ready' })
