import { runJob } from '../lib/children.mjs'
import { processMemory } from '../lib/process-stats.mjs'
import { bodyBytes } from './sends.mjs'

const fillLimitMs = 120_000
const messages = 100_000
const batch = 16
const wantedFrom = 12

/** Each batch of 16 lies in one queue from a multiple of 16 on, so that its amounts follow the offsets. */
const properties = Array.from(
  { length: batch },
  (_, i) => `TAGS\u0001TagA\u0002KEYS\u0001key-${i}\u0002amount\u0001${i}\u0002region\u0001eu\u0002`,
)

/** Consumers that want one message in four, by its properties. */
export const drainSql = {
  name: 'drain-sql',
  title: 'drain 100,000 messages by SQL92, one in four wanted',
  /** @param {import('./index.mjs').Context} context */
  async run({ broker, warmupMs, measureMs, round }) {
    const target = { host: broker.host, port: broker.port, brokerPid: broker.pid }
    const topic = `Bench-drain-sql-${round}`
    const load = { connections: 1, inFlight: 64, batch, bodyBytes, messages, properties }
    const fill = { ...target, topic, ...load, warmupMs: 0, measureMs: fillLimitMs }
    const filled = await runJob('send', fill, fillLimitMs + 30_000)
    if (filled.stored < messages)
      throw new Error(`only ${filled.stored} of ${messages} messages could be stored`)
    const filter = { sql: `amount > ${wantedFrom - 1} AND region = 'eu'`, wantedFrom, wantedOf: batch }
    const job = { ...target, topic, queues: 8, count: 32, ...filter, warmupMs, measureMs }
    const outcome = await runJob('pull', job, warmupMs + measureMs + 30_000)
    return { ...outcome, ...processMemory(broker.pid) }
  },
}
