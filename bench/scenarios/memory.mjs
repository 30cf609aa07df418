import { runJob, settledMemory } from '../lib/children.mjs'
import { bodyBytes } from './sends.mjs'

const messages = 10_000_000
const limitMs = 240_000

/** Memory of a fresh broker after ten million messages, sent in batches to be quick. */
export const memory = {
  name: 'memory',
  title: 'after 10 million messages',
  freshBroker: true,

  /** @param {import('./index.mjs').Context} context */
  async run({ broker }) {
    const target = { host: broker.host, port: broker.port, brokerPid: broker.pid }
    const load = { connections: 1, inFlight: 64, batch: 16, bodyBytes, messages }
    const job = { ...target, topic: 'BenchMemory', ...load, warmupMs: 0, measureMs: limitMs }
    const outcome = await runJob('send', job, limitMs + 30_000)
    return { ...outcome, ...(await settledMemory(broker.pid)) }
  },
}
