import { runJob, settledMemory, startJob } from '../lib/children.mjs'
import { nowMs, sleep } from '../lib/measure.mjs'
import { processMemory } from '../lib/process-stats.mjs'
import { bodyBytes } from './sends.mjs'

const duePerSecond = 10_000

/**
 * How late timers are, by the store time of the copy that is delivered: p50 and p99 are of that.
 * @param {{name: string, title: string, waitMs: number, shape: {bodyBytes: number, perSecond: number, stepMs?: number}}} what
 */
const lateness = ({ name, title, waitMs, shape: { bodyBytes, perSecond, stepMs } }) => ({
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
      { ...shape, perSecond, duePerSecond, waitMs, stepMs, warmupMs, measureMs },
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
  waitMs: 3000,
  shape: { bodyBytes, perSecond: duePerSecond },
})

export const timersAtOnce = lateness({
  name: 'timers-at-once',
  title: 'how late timers are, 10,000 due at one instant of each second',
  waitMs: 3000,
  shape: { bodyBytes, perSecond: duePerSecond, stepMs: 1000 },
})

/** By the time they are due, what the broker keeps of the log in memory has moved on. */
export const timersCold = lateness({
  name: 'timers-cold',
  title: 'how late timers of 1 KiB are that were sent long before, 10,000 a second due',
  waitMs: 15_000,
  shape: { bodyBytes: 1024, perSecond: 2 * duePerSecond },
})

const pending = 1_000_000
const stages = 4
/** The first one is due in an hour, the last one in 70: within the three days that a timer may wait. */
const firstMs = 3_600_000
const stepMs = 250

/** A million timers wait: the memory after each quarter of them, and of starts after a stop and after a kill. */
export const timersPending = {
  name: 'timers-pending',
  title: 'after a million timers that wait',
  ownBrokers: true,

  /** @param {{peer: import('../peers/index.mjs').Peer}} context */
  async run({ peer }) {
    let broker = await peer.start()
    try {
      const fromMs = Date.now() + firstMs
      const grown = [await settledMemory(broker.pid)]
      let outcome
      for (let stage = 0; stage < stages; stage++) {
        const messages = pending / stages
        const target = { host: broker.host, port: broker.port, brokerPid: broker.pid }
        const load = { connections: 1, inFlight: 64, batch: 1, bodyBytes, messages }
        const deliver = { fromMs: fromMs + stage * messages * stepMs, stepMs }
        const job = { ...target, topic: 'BenchPending', ...load, deliver, warmupMs: 0, measureMs: 120_000 }
        outcome = await runJob('send', job, 150_000)
        grown.push(await settledMemory(broker.pid, 4000))
      }
      const stopMs = nowMs()
      await broker.stop()
      const stopped = { stopMs: nowMs() - stopMs }
      const starts = []
      for (const signal of ['SIGKILL', 'SIGTERM']) {
        broker = await peer.start(broker.directory)
        starts.push({ readyMs: broker.readyMs, ...(await settledMemory(broker.pid, 5000)) })
        await broker.stop(/** @type {NodeJS.Signals} */ (signal))
      }
      return { ...outcome, ...grown.at(-1), grown, ...stopped, afterStop: starts[0], afterKill: starts[1] }
    } finally {
      await broker.stop()
    }
  },
}
