import { runJob } from '../lib/children.mjs'
import { processMemory } from '../lib/process-stats.mjs'

export const bodyBytes = 128

/**
 * @param {string} name @param {string} title
 * @param {{connections: number, inFlight: number, batch: number}} load
 */
function sendScenario(name, title, load) {
  return {
    name,
    title,
    /** @param {import('./index.mjs').Context} context */
    async run({ broker, warmupMs, measureMs }) {
      const target = { host: broker.host, port: broker.port, brokerPid: broker.pid }
      const job = { ...target, topic: 'BenchSend', bodyBytes, ...load, warmupMs, measureMs }
      const outcome = await runJob('send', job, warmupMs + measureMs + 30_000)
      return { ...outcome, ...processMemory(broker.pid) }
    },
  }
}

export const send64 = sendScenario('send-64', 'send, 64 in flight, 1 connection', {
  connections: 1,
  inFlight: 64,
  batch: 1,
})
export const send512 = sendScenario('send-512', 'send, 512 in flight, 4 connections', {
  connections: 4,
  inFlight: 512,
  batch: 1,
})
export const send1 = sendScenario('send-1', 'send, 1 in flight', { connections: 1, inFlight: 1, batch: 1 })
export const batch16 = sendScenario('batch-16', 'batches of 16, 64 in flight', {
  connections: 1,
  inFlight: 64,
  batch: 16,
})
