import { Connection, isSuccess, parseHeader } from '../lib/connection.mjs'
import {
  commitHeader,
  encodeFrame,
  maxOffsetFrame,
  patchKey,
  patchOpaque,
  sendTemplate,
} from '../lib/frames.mjs'
import { Histogram } from '../lib/histogram.mjs'
import { Measurement, nowMs, sleep, waitUntil } from '../lib/measure.mjs'
import { callOnce } from '../lib/send-window.mjs'

/** One-way requests need no opaque of their own: nobody answers. */
const onewayOpaque = 2_000_000_000
const queues = 8

/** @typedef {{host: string, port: number}} Target */

/** Keeps a number of transactions under way: each is prepared, and committed when that is answered. */
class Window {
  /** @param {Target & {topic: string, bodyBytes: number, inFlight: number}} job */
  constructor(job) {
    this.topic = job.topic
    this.template = sendTemplate({ ...job, batch: 1, prepared: true })
    this.connection = new Connection(job)
    this.connection.onFrame = (buffer, headerAt, bodyAt) => this.answered(buffer, headerAt, bodyAt)
    this.connection.onChunk = () => this.flush()
    this.sentAt = new Float64Array(job.inFlight)
    this.sent = 0
    this.committed = 0
    this.refused = 0
    this.outstanding = 0
    this.stopped = false
    /** @type {string | null} */
    this.firstRefusal = null
    /** @type {Buffer[]} */
    this.out = []
    /** @type {(micros: number) => void} */
    this.onLatency = () => {}
  }

  start() {
    for (let slot = 0; slot < this.sentAt.length; slot++) this.prepare(slot)
    this.flush()
  }

  /** @param {number} slot */
  prepare(slot) {
    if (this.stopped) return
    const { frame, opaqueAt, queueAt, keysAt } = this.template
    const copy = Buffer.from(frame)
    const number = this.sent++
    patchOpaque(copy, opaqueAt, slot)
    copy[queueAt] = 48 + (number % queues)
    patchKey(copy, keysAt[0], number)
    this.sentAt[slot] = nowMs()
    this.outstanding++
    this.out.push(copy)
  }

  /** @param {Buffer} buffer @param {number} headerAt @param {number} bodyAt */
  answered(buffer, headerAt, bodyAt) {
    this.outstanding--
    const slot = this.connection.slotOf(buffer, headerAt, bodyAt)
    if (isSuccess(buffer, headerAt, bodyAt)) {
      this.commit(parseHeader(buffer, headerAt, bodyAt).extFields)
      this.onLatency((nowMs() - this.sentAt[slot]) * 1000)
    } else {
      this.refused++
      this.firstRefusal ??= buffer.latin1Slice(headerAt, bodyAt)
    }
    this.prepare(slot)
  }

  /** @param {{msgId: string, queueOffset: string, transactionId: string}} half */
  commit({ msgId, queueOffset, transactionId: key }) {
    const physicalOffset = Number.parseInt(msgId.slice(16), 16)
    this.out.push(
      encodeFrame(commitHeader({ topic: this.topic, queueOffset, physicalOffset, key }, onewayOpaque)),
    )
    this.committed++
  }

  flush() {
    if (this.out.length === 0 || this.connection.failure !== null) return
    this.connection.socket.write(Buffer.concat(this.out))
    this.out = []
  }
}

/** Messages in all queues of the topic. @param {Target} target @param {string} topic */
async function storedIn(target, topic) {
  let stored = 0
  for (let queue = 0; queue < queues; queue++)
    stored += Number((await callOnce(target, maxOffsetFrame(topic, queue))).extFields.offset)
  return stored
}

/**
 * Counts transactions that were committed, and sees to it that as many messages can be read in the end.
 * @param {Target & {brokerPid: number, topic: string, bodyBytes: number, inFlight: number, warmupMs: number,
 *   measureMs: number}} job
 */
export async function transactions(job) {
  const created = await callOnce(job, sendTemplate({ ...job, batch: 1 }).frame)
  if (created.code !== 0)
    throw new Error(`the broker refused the first send: ${created.code} ${created.remark}`)
  const window = new Window(job)
  const latencies = new Histogram()
  const measurement = new Measurement(job.brokerPid)
  let measured = 0
  window.onLatency = (micros) => {
    if (!measurement.running) return
    measured++
    latencies.record(micros)
  }
  await window.connection.opened
  window.start()
  await sleep(job.warmupMs)
  measurement.begin()
  await sleep(job.measureMs)
  measurement.end()
  window.stopped = true
  await waitUntil(() => window.outstanding === 0, 5000)
  const wanted = window.committed + 1
  let stored = await storedIn(job, job.topic)
  for (let tries = 0; tries < 100 && stored < wanted; tries++) {
    await sleep(100)
    stored = await storedIn(job, job.topic)
  }
  window.connection.close()
  if (stored !== wanted)
    throw new Error(`${window.committed} transactions were committed, ${stored - 1} messages are there`)
  return {
    ...measurement.summary(measured),
    ...latencies.summary(),
    stored,
    refused: window.refused,
    firstRefusal: window.firstRefusal,
    unanswered: window.outstanding,
    failure: window.connection.failure === 'closed here' ? null : window.connection.failure,
  }
}
