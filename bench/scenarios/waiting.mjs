import { runJob } from '../lib/children.mjs'
import { maxOffsetFrame } from '../lib/frames.mjs'
import { nowMs, sleep } from '../lib/measure.mjs'
import { processMemory } from '../lib/process-stats.mjs'
import { callOnce } from '../lib/send-window.mjs'
import { bodyBytes } from './sends.mjs'

const queues = 8
/** For what is still to be delivered when the sends are over. */
const patienceMs = 60_000

/** @param {{host: string, port: number}} broker @param {string} topic */
async function delivered(broker, topic) {
  let sum = 0
  for (let queueId = 0; queueId < queues; queueId++) {
    const { code, remark, extFields } = await callOnce(broker, maxOffsetFrame(topic, queueId))
    if (code !== 0) throw new Error(`the broker answered ${code} ${remark}`)
    sum += Number(extFields.offset)
  }
  return sum
}

/**
 * Sends while those of a moment ago are delivered; all must have been in the end.
 * @param {{name: string, title: string, prefix: string, waitMs: number, wait: object}} what
 */
const waiting = ({ name, title, prefix, waitMs, wait }) => ({
  name,
  title,

  /** @param {import('./index.mjs').Context} context */
  async run({ broker, warmupMs, measureMs, round }) {
    const target = { host: broker.host, port: broker.port, brokerPid: broker.pid }
    const topic = `${prefix}-${round}`
    const load = { connections: 1, inFlight: 64, batch: 1, ...wait }
    const warmup = Math.max(warmupMs, 2 * waitMs)
    const job = { ...target, topic, bodyBytes, ...load, warmupMs: warmup, measureMs }
    const outcome = await runJob('send', job, warmup + measureMs + 30_000)
    const endMs = nowMs()
    let arrived = await delivered(target, topic)
    while (arrived < outcome.stored && nowMs() - endMs < patienceMs) {
      await sleep(100)
      arrived = await delivered(target, topic)
    }
    return {
      ...outcome,
      /** Behind the last send: how far deliveries had fallen behind. */
      lateMs: Math.max(0, Math.round(nowMs() - endMs - waitMs)),
      missing: outcome.stored - arrived,
      ...processMemory(broker.pid),
    }
  },
})

export const delayLevel = waiting({
  name: 'delay-level',
  title: 'send at delay level 1 and its delivery, 64 in flight',
  prefix: 'BenchDelay',
  waitMs: 1000,
  wait: { delayLevel: 1 },
})

export const timer = waiting({
  name: 'timer',
  title: 'send with TIMER_DELAY_MS=2500 and its delivery, 64 in flight',
  prefix: 'BenchTimer',
  waitMs: 2500,
  wait: { timerDelayMs: 2500 },
})
