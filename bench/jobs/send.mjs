import { sendTemplate } from '../lib/frames.mjs'
import { Histogram } from '../lib/histogram.mjs'
import { Measurement, sleep, waitUntil } from '../lib/measure.mjs'
import { callOnce, SendTally, SendWindow } from '../lib/send-window.mjs'

/**
 * Keeps a number of sends in flight for a time, or until a number of messages is sent.
 *
 * @param {{host: string, port: number, brokerPid: number, topic: string, bodyBytes: number, batch: number,
 *   connections: number, inFlight: number, warmupMs: number, measureMs: number, messages?: number, delayLevel?: number,
 *   timerDelayMs?: number, deliver?: {fromMs: number, stepMs: number}, properties?: string[]}} job
 */
export async function send(job) {
  const template = sendTemplate({ ...job, timerDeliver: job.deliver !== undefined })
  const created = await callOnce(job, template.frame)
  if (created.code !== 0)
    throw new Error(`the broker refused the first send: ${created.code} ${created.remark}`)
  const tally = new SendTally(job.messages === undefined ? undefined : Math.ceil(job.messages / job.batch))
  const latencies = new Histogram()
  const measurement = new Measurement(job.brokerPid)
  let measured = 0
  tally.onLatency = (micros) => {
    if (!measurement.running) return
    measured++
    latencies.record(micros)
  }
  const slots = Math.ceil(job.inFlight / job.connections)
  const windows = Array.from(
    { length: job.connections },
    () => new SendWindow(job, template, slots, tally, job.deliver),
  )
  await Promise.all(windows.map((window) => window.connection.opened))
  const done = () =>
    tally.answered + tally.refused >= tally.limit ||
    windows.some((window) => window.connection.failure !== null)

  if (job.warmupMs === 0) measurement.begin()
  for (const window of windows) window.start()
  if (job.warmupMs > 0) {
    await sleep(job.warmupMs)
    measurement.begin()
  }
  await waitUntil(done, job.measureMs)
  measurement.end()
  tally.stopped = true
  await waitUntil(() => windows.every((window) => window.outstanding === 0), 5000)

  const unanswered = windows.reduce((sum, window) => sum + window.outstanding, 0)
  const failure = windows.map((window) => window.connection.failure).find((reason) => reason !== null) ?? null
  for (const window of windows) window.connection.close()
  return {
    ...measurement.summary(measured * job.batch),
    ...latencies.summary(),
    stored: (tally.answered + 1) * job.batch,
    refused: tally.refused,
    firstRefusal: tally.firstRefusal,
    strays: tally.strays,
    unanswered,
    failure,
  }
}
