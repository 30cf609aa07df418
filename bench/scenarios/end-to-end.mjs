import { runJob, startJob } from '../lib/children.mjs'
import { sleep } from '../lib/measure.mjs'
import { processMemory } from '../lib/process-stats.mjs'
import { bodyBytes } from './sends.mjs'

const perSecond = 2000

/** Steady sends while one consumer long-polls all queues: from the start of the send to the pull's answer. */
export const endToEnd = {
  name: 'end-to-end',
  title: 'end to end at 2,000 messages a second',

  /** @param {import('./index.mjs').Context} context */
  async run({ broker, warmupMs, measureMs, round }) {
    const target = { host: broker.host, port: broker.port, brokerPid: broker.pid }
    const topic = `BenchEndToEnd-${round}`
    const limitMs = warmupMs + measureMs + 40_000
    const shape = { ...target, topic, bodyBytes }
    const oneByOne = { connections: 1, inFlight: 1, batch: 1, messages: 8, warmupMs: 0, measureMs: 5000 }
    const first = await runJob('send', { ...shape, ...oneByOne }, 20_000)
    const consumer = startJob('tailConsume', { ...target, topic, queues: 8 }, limitMs)
    await consumer.ready
    await sleep(500)
    const sent = await runJob('pacedSend', { ...shape, perSecond, warmupMs, measureMs }, limitMs)
    await sleep(500)
    consumer.stop()
    const received = await consumer.outcome
    return {
      ...sent,
      sendP50Us: sent.p50Us,
      sendP99Us: sent.p99Us,
      p50Us: received.p50Us,
      p99Us: received.p99Us,
      p999Us: received.p999Us,
      maxUs: received.maxUs,
      missing: sent.messages - received.measured,
      generatorCores: sent.generatorCores + received.consumerCores,
      otherCores: Math.max(0, sent.otherCores - received.consumerCores),
      pulls: received.pulls,
      failure: first.failure ?? sent.failure ?? received.failure,
      ...processMemory(broker.pid),
    }
  },
}
