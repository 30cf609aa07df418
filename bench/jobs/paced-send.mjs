import { Connection, isSuccess } from '../lib/connection.mjs'
import { patchKey, patchOpaque, sendTemplate } from '../lib/frames.mjs'
import { Histogram } from '../lib/histogram.mjs'
import { Measurement, nowMs } from '../lib/measure.mjs'

/** Slots of requests under way; at an even pace a handful are. */
const slots = 1024

const never = new Int32Array(new SharedArrayBuffer(4))

/** A sleep finer than a timer: the thread blocks, which costs no CPU. @param {number} ms */
function pause(ms) {
  if (ms > 0) Atomics.wait(never, 0, 0, ms)
}

/**
 * Sends at an even pace. The body starts with the send's moment (monotonic ms, float64) and a byte that says whether
 * the message counts, so that a consumer in another process can tell how long it took.
 *
 * @param {{host: string, port: number, brokerPid: number, topic: string, bodyBytes: number, perSecond: number,
 *   warmupMs: number, measureMs: number}} job
 */
export async function pacedSend(job) {
  const template = sendTemplate({ ...job, batch: 1 })
  const connection = new Connection(job)
  const sentAt = new Float64Array(slots)
  const latencies = new Histogram()
  const measurement = new Measurement(job.brokerPid)
  let answered = 0
  let refused = 0
  connection.onFrame = (buffer, headerAt, bodyAt) => {
    const slot = connection.slotOf(buffer, headerAt, bodyAt)
    if (isSuccess(buffer, headerAt, bodyAt)) answered++
    else refused++
    if (measurement.running) latencies.record((nowMs() - sentAt[slot]) * 1000)
  }
  await connection.opened

  const stepMs = 1000 / job.perSecond
  const warmupCount = Math.round(job.warmupMs / stepMs)
  const total = warmupCount + Math.round(job.measureMs / stepMs)
  const startMs = nowMs()
  for (let number = 0; number < total; number++) {
    if (number === warmupCount) measurement.begin()
    pause(startMs + number * stepMs - nowMs())
    const frame = Buffer.from(template.frame)
    patchOpaque(frame, template.opaqueAt, number % slots)
    frame[template.queueAt] = 48 + (number & 7)
    patchKey(frame, template.keysAt[0], number)
    frame[template.bodyAt + 8] = measurement.running ? 1 : 0
    sentAt[number % slots] = nowMs()
    frame.writeDoubleBE(sentAt[number % slots], template.bodyAt)
    connection.socket.write(frame)
    await new Promise((resolve) => setImmediate(resolve))
    if (connection.failure !== null) break
  }
  measurement.end()
  const deadline = nowMs() + 5000
  while (answered + refused < total && nowMs() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 5))
  const failure = connection.failure
  connection.close()
  return {
    ...measurement.summary(total - warmupCount),
    ...latencies.summary(),
    unanswered: total - answered - refused,
    refused,
    failure,
  }
}
