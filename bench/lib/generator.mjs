/**
 * A process of the load generator: takes one job over its IPC channel, runs it, and sends back what it measured.
 *
 *   parent → { kind: 'run', name, job }   child → { kind: 'ready', facts } (jobs that wait)
 *   parent → { kind: 'stop' }             child → { kind: 'done', outcome } | { kind: 'failed', message }
 */
import { idleClients } from '../jobs/idle-clients.mjs'
import { pacedSend } from '../jobs/paced-send.mjs'
import { pull } from '../jobs/pull.mjs'
import { send } from '../jobs/send.mjs'
import { tailConsume } from '../jobs/tail-consume.mjs'
import { timedSend } from '../jobs/timed-send.mjs'
import { transactions } from '../jobs/transactions.mjs'

/** @type {Record<string, (job: any, control: any) => Promise<object>>} */
const jobs = { send, pull, pacedSend, tailConsume, idleClients, transactions, timedSend }

/** @type {() => void} */
let stop = () => {}
/** @type {Promise<void>} */
const stopped = new Promise((resolve) => {
  stop = resolve
})

/** @param {object} message */
const tell = (message) => new Promise((resolve) => process.send?.(message, resolve))

process.on('message', async (/** @type {any} */ message) => {
  if (message.kind === 'stop') return stop()
  try {
    const control = { ready: (/** @type {object} */ facts) => tell({ kind: 'ready', facts }), stopped }
    await tell({ kind: 'done', outcome: await jobs[message.name](message.job, control) })
  } catch (error) {
    await tell({
      kind: 'failed',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
  }
})
// The parent disconnects once it has the outcome, or dies.
process.on('disconnect', () => process.exit(0))
