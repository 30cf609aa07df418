import { Connection, parseHeader } from '../lib/connection.mjs'
import { opaqueBase, pullFrame } from '../lib/frames.mjs'
import { Histogram } from '../lib/histogram.mjs'
import { nowMs } from '../lib/measure.mjs'

/** Places in a stored record when both hosts are IPv4: see reference storage 2.1. */
const storeTimeAt = 56
const bodyLengthAt = 84

/**
 * Waits at the end of each queue with a long-polling pull until told to stop; times each message from the moment
 * written in its body to the arrival of the pull's answer. `timers`: the moment is when it was due, wall ms, and it is
 * timed to the store time of its copy; those that do not count are timed too, as the first ones.
 *
 * @param {{host: string, port: number, topic: string, queues: number, timers?: boolean}} job
 * @param {{ready: () => void, stopped: Promise<void>}} control
 */
export async function tailConsume(job, control) {
  const connection = new Connection(job)
  const offsets = new Float64Array(job.queues)
  const latencies = new Histogram()
  const arrivals = new Histogram()
  const first = new Histogram()
  let early = 0
  let received = 0
  let pulls = 0
  /** @type {string | null} */
  let failure = null
  /** @param {number} queueId */
  const request = (queueId) => {
    const pull = { topic: job.topic, queueId, offset: offsets[queueId], count: 32, suspendMs: 15_000 }
    connection.socket.write(pullFrame({ ...pull, opaque: opaqueBase + queueId }))
  }
  /** @param {Buffer} buffer @param {number} at @param {number} arrivedMs */
  const timed = (buffer, at, arrivedMs) => {
    const mark = buffer[at + bodyLengthAt + 12]
    const counts = mark === 1
    const momentMs = buffer.readDoubleBE(at + bodyLengthAt + 4)
    if (!job.timers) {
      if (counts) latencies.record((arrivedMs - momentMs) * 1000)
      return
    }
    if (mark > 1) return
    const lateMs = Number(buffer.readBigInt64BE(at + storeTimeAt)) - momentMs
    if (lateMs < 0) early++
    const late = counts ? latencies : first
    late.record(lateMs * 1000)
    if (counts) arrivals.record((Date.now() - momentMs) * 1000)
  }
  connection.onFrame = (buffer, headerAt, bodyAt, end) => {
    const arrivedMs = nowMs()
    const { code, remark, opaque, extFields } = parseHeader(buffer, headerAt, bodyAt)
    const queueId = opaque - opaqueBase
    if (code === 0) {
      for (let at = bodyAt; at < end; at += buffer.readInt32BE(at)) {
        timed(buffer, at, arrivedMs)
        received++
      }
      pulls++
    } else if (code !== 19 && code !== 20) {
      failure ??= `the broker answered ${code} ${remark}`
      return
    }
    offsets[queueId] = Number(extFields.nextBeginOffset)
    request(queueId)
  }
  await connection.opened
  const cpuBefore = process.cpuUsage()
  const startMs = nowMs()
  for (let queueId = 0; queueId < job.queues; queueId++) request(queueId)
  control.ready()
  await control.stopped
  const own = process.cpuUsage(cpuBefore)
  const outcome = {
    ...latencies.summary(),
    ...(job.timers && { early, arrivals: arrivals.summary(), first: first.summary() }),
    measured: latencies.total,
    received,
    pulls,
    consumerCores: (own.user + own.system) / 1000 / (nowMs() - startMs),
    failure: failure ?? connection.failure,
  }
  connection.close()
  return outcome
}
