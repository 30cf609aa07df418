import { runJob } from '../lib/children.mjs'
import { processMemory } from '../lib/process-stats.mjs'
import { bodyBytes } from './sends.mjs'

const fillLimitMs = 120_000

/** @param {string} name @param {string} title @param {number} messages */
function drainScenario(name, title, messages) {
  return {
    name,
    title,
    /** @param {import('./index.mjs').Context} context */
    async run({ broker, warmupMs, measureMs, round }) {
      const target = { host: broker.host, port: broker.port, brokerPid: broker.pid }
      const topic = `Bench-${name}-${round}`
      const load = { connections: 1, inFlight: 64, batch: 16, bodyBytes, messages }
      const fill = { ...target, topic, ...load, warmupMs: 0, measureMs: fillLimitMs }
      const filled = await runJob('send', fill, fillLimitMs + 30_000)
      if (filled.stored < messages)
        throw new Error(`only ${filled.stored} of ${messages} messages could be stored`)
      const job = { ...target, topic, queues: 8, count: 32, warmupMs, measureMs }
      const outcome = await runJob('pull', job, warmupMs + measureMs + 30_000)
      return { ...outcome, ...processMemory(broker.pid) }
    },
  }
}

/** About 25 MiB of log: what a consumer a moment behind reads. */
export const drainRecent = drainScenario(
  'drain-recent',
  'drain 100,000 messages, 32 a pull, 8 queues',
  100_000,
)
/** About 500 MiB of log, read from its start again and again: page cache, not the broker's own memory. */
export const drain = drainScenario('drain', 'drain 2,000,000 messages, 32 a pull, 8 queues', 2_000_000)
