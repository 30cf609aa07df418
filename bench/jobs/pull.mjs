import { Connection, parseHeader } from '../lib/connection.mjs'
import { opaqueBase, pullFrame } from '../lib/frames.mjs'
import { Histogram } from '../lib/histogram.mjs'
import { Measurement, sleep } from '../lib/measure.mjs'

/** Places in a stored record with IPv4 hosts (reference: storage 2.1). */
const queueIdAt = 12
const queueOffsetAt = 20
const bodyAt = 88

/**
 * Reads the records of a pull and checks that they are those asked for.
 * @param {Buffer} buffer @param {number} from @param {number} end
 * @param {{queueId: number, offset: number, next: number, wanted: (offset: number) => boolean}} expected
 * @returns {string | null} what is wrong
 */
function recordsFault(buffer, from, end, { queueId, offset, next, wanted }) {
  const skip = (/** @type {number} */ to) => {
    while (to < next && !wanted(to)) to++
    return to
  }
  let due = skip(offset)
  let at = from
  while (at + bodyAt <= end) {
    const found = Number(buffer.readBigInt64BE(at + queueOffsetAt))
    if (found !== due) return `record ${found} where ${due} was due`
    if (buffer.readInt32BE(at + queueIdAt) !== queueId) return `record ${found} is of another queue`
    due = skip(due + 1)
    at += buffer.readInt32BE(at)
  }
  if (at !== end) return 'the last record of the pull is cut'
  return due === next ? null : `the records end at ${due}, nextBeginOffset is ${next}`
}

/** One pull in flight a queue, as a push consumer has; from the start again at the end of the queue. */
class Drain {
  /** @param {any} job */
  constructor(job) {
    this.job = job
    this.connection = new Connection({ ...job, readBytes: 256 * 1024 })
    this.offsets = new Float64Array(job.queues)
    this.startedAt = new Float64Array(job.queues)
    this.ends = new Float64Array(job.queues)
    /** @type {Buffer[]} */
    this.outgoing = []
    this.messages = 0
    this.pulls = 0
    this.empty = 0
    this.checks = 0
    this.latencies = new Histogram()
    this.stopped = false
    this.chunkAt = 0
    /** @type {string | null} */
    this.failure = null
    this.connection.onFrame = (buffer, headerAt, bodyAt, end) => this.answer(buffer, headerAt, bodyAt, end)
    this.connection.onChunk = () => this.flush()
  }

  /** @param {number} queueId */
  request(queueId) {
    const { topic, count, sql } = this.job
    const opaque = opaqueBase + queueId
    this.outgoing.push(
      pullFrame({ topic, queueId, offset: this.offsets[queueId], count, suspendMs: 0, opaque, sql }),
    )
  }

  /** @param {Buffer} buffer @param {number} headerAt @param {number} bodyAt @param {number} end */
  answer(buffer, headerAt, bodyAt, end) {
    if (this.chunkAt === 0) this.chunkAt = performance.now()
    const { code, remark, opaque, extFields } = parseHeader(buffer, headerAt, bodyAt)
    const queueId = opaque - opaqueBase
    const offset = this.offsets[queueId]
    const next = Number(extFields?.nextBeginOffset)
    if (code === 0) {
      this.messages += next - offset
      this.pulls++
      this.latencies.record((this.chunkAt - this.startedAt[queueId]) * 1000)
      if ((this.pulls & 63) === 0) this.check(buffer, bodyAt, end, queueId, next)
    } else if (code === 19 || code === 20) {
      this.empty++
    } else {
      this.failure ??= `the broker answered ${code} ${remark}`
      return
    }
    this.offsets[queueId] = next >= Number(extFields.maxOffset) ? 0 : next
    if (!this.stopped) this.request(queueId)
  }

  /** One pull in 64 is read record by record. @param {Buffer} buffer @param {number} from @param {number} end @param {number} queueId @param {number} next */
  check(buffer, from, end, queueId, next) {
    const { wantedFrom = 0, wantedOf = 1 } = this.job
    const wanted = (/** @type {number} */ at) => at % wantedOf >= wantedFrom
    const wrong = recordsFault(buffer, from, end, { queueId, offset: this.offsets[queueId], next, wanted })
    if (wrong !== null) this.failure ??= `queue ${queueId}: ${wrong}`
    this.checks++
  }

  flush() {
    this.chunkAt = 0
    if (this.outgoing.length === 0) return
    const now = performance.now()
    const frames = this.outgoing
    this.outgoing = []
    for (const frame of frames) this.startedAt[queueOf(frame)] = now
    this.connection.socket.write(frames.length === 1 ? frames[0] : Buffer.concat(frames))
  }
}

/** @param {Buffer} frame */
function queueOf(frame) {
  return frame[frame.indexOf('"queueId":"') + 11] - 48
}

/**
 * Drains a filled topic with pulls of `count` messages, one under way for each queue. `sql` wants those whose offset
 * modulo `wantedOf` is `wantedFrom` or more; all that were looked at are counted.
 * @param {{host: string, port: number, brokerPid: number, topic: string, queues: number, count: number,
 *   sql?: string, wantedFrom?: number, wantedOf?: number, warmupMs: number, measureMs: number}} job
 */
export async function pull(job) {
  const drain = new Drain(job)
  await drain.connection.opened
  for (let queueId = 0; queueId < job.queues; queueId++) drain.request(queueId)
  drain.flush()
  await sleep(job.warmupMs)
  const measurement = new Measurement(job.brokerPid)
  const before = { messages: drain.messages, pulls: drain.pulls }
  drain.latencies = new Histogram()
  measurement.begin()
  await sleep(job.measureMs)
  measurement.end()
  const messages = drain.messages - before.messages
  const pulls = drain.pulls - before.pulls
  drain.stopped = true
  const failure = drain.failure ?? drain.connection.failure
  drain.connection.close()
  return {
    ...measurement.summary(messages),
    ...drain.latencies.summary(),
    messagesPerPull: messages / pulls,
    checkedPulls: drain.checks,
    emptyPulls: drain.empty,
    failure,
  }
}
