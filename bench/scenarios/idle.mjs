import { runJob, settledMemory, startJob } from '../lib/children.mjs'
import { bodyBytes } from './sends.mjs'

const connections = 10_000
const groups = 200
const addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4']
const openLimitMs = 120_000

/** Ten thousand clients that only send heartbeats, and sends beside them. */
export const idle = {
  name: 'idle-10k',
  title: '10,000 idle connections, 64 sends in flight beside',
  freshBroker: true,

  /** @param {import('./index.mjs').Context} context */
  async run({ peer, broker, warmupMs, measureMs }) {
    const target = { host: broker.host, port: broker.port, brokerPid: broker.pid }
    const topic = 'BenchIdle'
    const shape = { ...target, topic, bodyBytes, connections: 1, inFlight: 64, batch: 1 }
    await runJob('send', { ...shape, warmupMs: peer.warmupMs, measureMs: 1000 }, peer.warmupMs + 30_000)
    const limitMs = openLimitMs + warmupMs + measureMs + 60_000
    const clients = startJob('idleClients', { ...target, topic, connections, groups, addresses }, limitMs)
    const opened = await clients.ready
    if (opened === undefined) await clients.outcome
    const memory = await settledMemory(broker.pid, 3000)
    const outcome = await runJob('send', { ...shape, warmupMs, measureMs }, warmupMs + measureMs + 30_000)
    clients.stop()
    const held = await clients.outcome
    return {
      ...outcome,
      ...memory,
      heartbeats: held.beats,
      heartbeatAnswers: held.answers,
      closedByBroker: held.closed,
    }
  },
}
