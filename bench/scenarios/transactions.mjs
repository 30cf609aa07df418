import { runJob } from '../lib/children.mjs'
import { processMemory } from '../lib/process-stats.mjs'
import { bodyBytes } from './sends.mjs'

export const transactions = {
  name: 'transactions',
  title: 'transactions: prepare and commit, 64 in flight',
  /** @param {import('./index.mjs').Context} context */
  async run({ broker, warmupMs, measureMs, round }) {
    const target = { host: broker.host, port: broker.port, brokerPid: broker.pid }
    const topic = `BenchTransactions${round}`
    const job = { ...target, topic, bodyBytes, inFlight: 64, warmupMs, measureMs }
    const outcome = await runJob('transactions', job, warmupMs + measureMs + 60_000)
    return { ...outcome, ...processMemory(broker.pid) }
  },
}
