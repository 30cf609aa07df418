import { Connection, isSuccess } from '../lib/connection.mjs'
import { patchDeliver, patchKey, patchOpaque, sendTemplate } from '../lib/frames.mjs'
import { Measurement, nowMs, waitUntil } from '../lib/measure.mjs'

/** Requests under way at most, told apart by the six digits of the opaque. */
const slots = 100_000
const tickMs = 1

const never = new Int32Array(new SharedArrayBuffer(4))

/**
 * Sends timers at an even pace, each to be delivered `waitMs` after the moment of its turn, or with `stepMs` at the next
 * multiple of it behind that: all of a step at one instant. With `duePerSecond` they are due at another pace, the first
 * one `waitMs` after its turn. The body starts with the time that it is due (wall ms,
 * float64) and a byte that says whether the message counts. Measures from the first one due that counts to the last.
 *
 * @param {{host: string, port: number, brokerPid: number, topic: string, bodyBytes: number, perSecond: number,
 *   waitMs: number, stepMs?: number, duePerSecond?: number, warmupMs: number, measureMs: number}} job
 */
export async function timedSend(job) {
  const template = sendTemplate({ ...job, batch: 1, timerDeliver: true })
  const connection = new Connection(job)
  const measurement = new Measurement(job.brokerPid)
  let answered = 0
  let refused = 0
  connection.onFrame = (buffer, headerAt, bodyAt) => {
    if (isSuccess(buffer, headerAt, bodyAt)) answered++
    else refused++
  }
  await connection.opened

  const { perSecond, duePerSecond = perSecond, waitMs, stepMs = 1, warmupMs, measureMs } = job
  const warmupCount = Math.round((warmupMs * duePerSecond) / 1000)
  const total = warmupCount + Math.round((measureMs * duePerSecond) / 1000)
  const startMs = nowMs()
  const startWallMs = Date.now()
  const { frame, opaqueAt, queueAt, keysAt, deliverAt, bodyAt } = template
  const frames = (/** @type {number} */ from, /** @type {number} */ to) => {
    const buffer = Buffer.allocUnsafe(frame.length * (to - from))
    for (let number = from; number < to; number++) {
      const at = frame.length * (number - from)
      const turnMs = startWallMs + waitMs + Math.floor((number * 1000) / duePerSecond)
      const dueMs = Math.ceil(turnMs / stepMs) * stepMs
      frame.copy(buffer, at)
      patchOpaque(buffer, at + opaqueAt, number % slots)
      buffer[at + queueAt] = 48 + (number & 7)
      patchKey(buffer, at + keysAt[0], number)
      patchDeliver(buffer, at + deliverAt, dueMs)
      buffer.writeDoubleBE(dueMs, at + bodyAt)
      buffer[at + bodyAt + 8] = number >= warmupCount ? 1 : 0
    }
    return buffer
  }
  const beginMs = startMs + warmupMs + waitMs
  for (let sent = 0; connection.failure === null; ) {
    const elapsedMs = nowMs() - startMs
    const due = Math.min(Math.ceil((elapsedMs * perSecond) / 1000), total)
    if (due > sent) connection.socket.write(frames(sent, due))
    sent = due
    if (!measurement.running && nowMs() >= beginMs) measurement.begin()
    if (sent === total && nowMs() >= beginMs + measureMs) break
    Atomics.wait(never, 0, 0, tickMs)
    await new Promise((resolve) => setImmediate(resolve))
  }
  measurement.end()
  await waitUntil(() => answered + refused >= total, 5000)
  const failure = connection.failure
  connection.close()
  return {
    ...measurement.summary(total - warmupCount),
    sent: total,
    unanswered: total - answered - refused,
    refused,
    failure,
  }
}
