import { runJob, startJob } from '../lib/children.mjs'
import { sleep } from '../lib/measure.mjs'
import { processMemory } from '../lib/process-stats.mjs'
import { bodyBytes } from './sends.mjs'

const perSecond = 10_000
const waitMs = 3000

/**
 * How late timers are, by the store time of the copy that is delivered: p50 and p99 are of that.
 * @param {{name: string, title: string, stepMs?: number}} what
 */
const lateness = ({ name, title, stepMs }) => ({
  name,
  title,

  /** @param {import('./index.mjs').Context} context */
  async run({ broker, warmupMs, measureMs, round }) {
    const target = { host: broker.host, port: broker.port, brokerPid: broker.pid }
    const topic = `Bench-${name}-${round}`
    const limitMs = warmupMs + measureMs + waitMs + 40_000
    const shape = { ...target, topic, bodyBytes }
    const oneByOne = { connections: 1, inFlight: 1, batch: 1, messages: 8, warmupMs: 0, measureMs: 5000 }
    const first = await runJob('send', { ...shape, ...oneByOne }, 20_000)
    const consumer = startJob('tailConsume', { ...target, topic, queues: 8, timers: true }, limitMs)
    await consumer.ready
    const sent = await runJob(
      'timedSend',
      { ...shape, perSecond, waitMs, stepMs, warmupMs, measureMs },
      limitMs,
    )
    await sleep(2000)
    consumer.stop()
    const received = await consumer.outcome
    return {
      ...sent,
      ...received,
      missing: sent.messages - received.measured,
      generatorCores: sent.generatorCores + received.consumerCores,
      otherCores: Math.max(0, sent.otherCores - received.consumerCores),
      failure: first.failure ?? sent.failure ?? received.failure,
      ...processMemory(broker.pid),
    }
  },
})

export const timersDue = lateness({
  name: 'timers-due',
  title: 'how late timers are, 10,000 a second sent and due',
})

export const timersAtOnce = lateness({
  name: 'timers-at-once',
  title: 'how late timers are, 10,000 due at one instant of each second',
  stepMs: 1000,
})
