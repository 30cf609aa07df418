import { Connection, isSuccess, parseHeader } from './connection.mjs'
import { opaqueBase, patchDeliver, patchKey, patchOpaque } from './frames.mjs'

/** Counts shared by the windows of one job. */
export class SendTally {
  /** @param {number} [limit] frames to send in all, unlimited when absent */
  constructor(limit = Number.POSITIVE_INFINITY) {
    this.sent = 0
    this.answered = 0
    this.refused = 0
    this.strays = 0
    this.limit = limit
    this.stopped = false
    /** @type {string | null} */
    this.firstRefusal = null
    /** @type {(micros: number) => void} */
    this.onLatency = () => {}
  }
}

/**
 * One connection that keeps `slots` requests in flight. All frames freed in one turn go out as one write: the buffer
 * holds `slots` copies of the template, of which the first k are patched and written in place.
 */
export class SendWindow {
  /**
   * @param {{host: string, port: number}} target @param {import('./frames.mjs').SendTemplate} template
   * @param {number} slots @param {SendTally} tally
   * @param {{fromMs: number, stepMs: number}} [deliver] when each message is to be delivered: a step later than the one before
   */
  constructor(target, template, slots, tally, deliver) {
    this.template = template
    this.deliver = deliver
    this.slots = slots
    this.tally = tally
    this.sentAt = new Float64Array(slots)
    this.inFlight = new Uint8Array(slots)
    this.free = new Int32Array(slots)
    this.freeCount = 0
    this.pristine = Buffer.concat(Array(slots).fill(template.frame))
    /** @type {Buffer[]} buffers the kernel has taken wholly */
    this.spare = []
    this.connection = new Connection(target)
    this.connection.onFrame = (buffer, headerAt, bodyAt) => this.answer(buffer, headerAt, bodyAt)
    this.connection.onChunk = () => this.sendFree()
    this.chunkAt = 0
  }

  start() {
    for (let slot = 0; slot < this.slots; slot++) this.free[slot] = slot
    this.freeCount = this.slots
    this.sendFree()
  }

  /** @param {Buffer} buffer @param {number} headerAt @param {number} headerEnd */
  answer(buffer, headerAt, headerEnd) {
    if (this.chunkAt === 0) this.chunkAt = performance.now()
    const slot = this.connection.slotOf(buffer, headerAt, headerEnd)
    const tally = this.tally
    if (this.inFlight[slot] !== 1) {
      tally.strays++
      return
    }
    this.inFlight[slot] = 0
    this.free[this.freeCount++] = slot
    if (!isSuccess(buffer, headerAt, headerEnd)) {
      tally.refused++
      tally.firstRefusal ??= buffer.latin1Slice(headerAt, headerEnd)
      return
    }
    tally.answered++
    tally.onLatency((this.chunkAt - this.sentAt[slot]) * 1000)
  }

  sendFree() {
    this.chunkAt = 0
    const tally = this.tally
    const count = Math.min(this.freeCount, tally.limit - tally.sent)
    if (count === 0 || tally.stopped || this.connection.failure !== null) return
    const { frame, opaqueAt, queueAt, keysAt, deliverAt } = this.template
    const { deliver } = this
    const buffer = this.spare.pop() ?? Buffer.from(this.pristine)
    const now = performance.now()
    let base = 0
    for (let i = 0; i < count; i++) {
      const slot = this.free[--this.freeCount]
      const number = tally.sent++
      patchOpaque(buffer, base + opaqueAt, slot)
      buffer[base + queueAt] = 48 + (number & 7)
      for (let k = 0; k < keysAt.length; k++) patchKey(buffer, base + keysAt[k], number * keysAt.length + k)
      if (deliver !== undefined)
        patchDeliver(buffer, base + deliverAt, deliver.fromMs + deliver.stepMs * number)
      this.sentAt[slot] = now
      this.inFlight[slot] = 1
      base += frame.length
    }
    this.connection.socket.write(count === this.slots ? buffer : buffer.subarray(0, base))
    if (this.connection.socket.writableLength === 0) this.spare.push(buffer)
  }

  /** Requests without an answer. */
  get outstanding() {
    let count = 0
    for (const flag of this.inFlight) count += flag
    return count
  }
}

/**
 * Sends one request and waits for its answer: creates the topic before many senders use it.
 * @param {{host: string, port: number}} target @param {Buffer} frame a request with the first opaque
 * @returns {Promise<any>} the answer's header
 */
export async function callOnce(target, frame) {
  const connection = new Connection(target)
  await connection.opened
  try {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no answer within 10 s')), 10_000)
      connection.onFrame = (buffer, headerAt, bodyAt) => {
        const header = parseHeader(buffer, headerAt, bodyAt)
        if (header.opaque !== opaqueBase) return
        clearTimeout(timer)
        resolve(header)
      }
      connection.socket.write(frame)
    })
  } finally {
    connection.close()
  }
}
