import { Connection, parseHeader } from '../lib/connection.mjs'
import { opaqueBase, pullFrame } from '../lib/frames.mjs'
import { Histogram } from '../lib/histogram.mjs'
import { nowMs } from '../lib/measure.mjs'

/** Where the body length stands in a stored record when both hosts are IPv4: see reference storage 2.1. */
const bodyLengthAt = 84

/**
 * Waits at the end of each queue with a long-polling pull until told to stop; times each message from the moment
 * written in its body to the arrival of the pull's answer.
 *
 * @param {{host: string, port: number, topic: string, queues: number}} job
 * @param {{ready: () => void, stopped: Promise<void>}} control
 */
export async function tailConsume(job, control) {
  const connection = new Connection(job)
  const offsets = new Float64Array(job.queues)
  const latencies = new Histogram()
  let received = 0
  let pulls = 0
  /** @type {string | null} */
  let failure = null
  /** @param {number} queueId */
  const request = (queueId) => {
    const pull = { topic: job.topic, queueId, offset: offsets[queueId], count: 32, suspendMs: 15_000 }
    connection.socket.write(pullFrame({ ...pull, opaque: opaqueBase + queueId }))
  }
  connection.onFrame = (buffer, headerAt, bodyAt, end) => {
    const arrivedMs = nowMs()
    const { code, remark, opaque, extFields } = parseHeader(buffer, headerAt, bodyAt)
    const queueId = opaque - opaqueBase
    if (code === 0) {
      for (let at = bodyAt; at < end; at += buffer.readInt32BE(at)) {
        const counts = buffer[at + bodyLengthAt + 12] === 1
        if (counts) latencies.record((arrivedMs - buffer.readDoubleBE(at + bodyLengthAt + 4)) * 1000)
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
    measured: latencies.total,
    received,
    pulls,
    consumerCores: (own.user + own.system) / 1000 / (nowMs() - startMs),
    failure: failure ?? connection.failure,
  }
  connection.close()
  return outcome
}
