import { connect } from 'node:net'
import { opaqueBase } from './frames.mjs'

/**
 * One socket to a broker with a reused read buffer.
 *
 * `onFrame(buffer, headerAt, bodyAt, end)` is called for each whole frame, `onChunk()` after all frames of a chunk:
 * the place to answer with one write. The buffer is valid during the call only.
 */
export class Connection {
  /** @param {{host: string, port: number, localAddress?: string, readBytes?: number}} target */
  constructor({ host, port, localAddress, readBytes = 64 * 1024 }) {
    this.carry = Buffer.alloc(0)
    this.carried = 0
    /** @type {(buffer: Buffer, headerAt: number, bodyAt: number, end: number) => void} */
    this.onFrame = () => {}
    this.onChunk = () => {}
    this.opaqueBack = 0
    /** @type {string | null} */
    this.failure = null
    this.onread = {
      buffer: Buffer.allocUnsafe(readBytes),
      callback: (/** @type {number} */ count, /** @type {Buffer} */ buffer) => {
        this.read(buffer, count)
        return true
      },
    }
    this.socket = connect({ host, port, localAddress, noDelay: true, onread: this.onread })
    this.opened = new Promise((resolve, reject) => {
      this.socket.once('connect', () => resolve(undefined))
      this.socket.once('error', reject)
    })
    this.socket.on('error', (error) => this.fail(error.message))
    this.socket.on('close', () => this.fail('the broker closed the connection'))
  }

  /** @param {string} reason */
  fail(reason) {
    this.failure ??= reason
  }

  close() {
    this.failure ??= 'closed here'
    this.socket.destroy()
  }

  /** @param {Buffer} chunk @param {number} count */
  read(chunk, count) {
    let buffer = chunk
    let end = count
    if (this.carried > 0) {
      end = this.carried + count
      if (this.carry.length < end) this.grow(end)
      chunk.copy(this.carry, this.carried, 0, count)
      buffer = this.carry
    }
    const used = this.frames(buffer, end)
    const rest = end - used
    if (rest > 0) {
      if (this.carry.length < rest) this.grow(rest)
      buffer.copy(this.carry, 0, used, end)
    }
    this.carried = rest
    this.onChunk()
  }

  /** @param {number} bytes */
  grow(bytes) {
    const larger = Buffer.allocUnsafe(Math.max(bytes, this.carry.length * 2, 256 * 1024))
    this.carry.copy(larger, 0, 0, this.carried)
    this.carry = larger
  }

  /** @param {Buffer} buffer @param {number} end @returns {number} bytes of whole frames */
  frames(buffer, end) {
    let at = 0
    while (end - at >= 8) {
      const total = 4 + ((buffer[at] << 24) | (buffer[at + 1] << 16) | (buffer[at + 2] << 8) | buffer[at + 3])
      if (end - at < total) break
      const headerBytes = (buffer[at + 5] << 16) | (buffer[at + 6] << 8) | buffer[at + 7]
      this.onFrame(buffer, at + 8, at + 8 + headerBytes, at + total)
      at += total
    }
    return at
  }

  /**
   * The slot of a response, found without parsing the header: the opaque stands at the same distance from the
   * header's end as in the response before, or is searched for.
   * @param {Buffer} buffer @param {number} headerAt @param {number} headerEnd @returns {number}
   */
  slotOf(buffer, headerAt, headerEnd) {
    let at = headerEnd - this.opaqueBack
    const same = at > headerAt + 9 && buffer[at - 1] === 58 && buffer[at - 2] === 34 && buffer[at - 3] === 101
    if (!same) {
      at = buffer.indexOf('"opaque":', headerAt, 'latin1') + 9
      this.opaqueBack = headerEnd - at
    }
    let value = 0
    for (let digit = buffer[at]; digit >= 48 && digit <= 57; digit = buffer[++at])
      value = value * 10 + digit - 48
    return value - opaqueBase
  }
}

/**
 * Whether a response says success: it starts with `{"code":0,` as from Java, or is parsed.
 * @param {Buffer} buffer @param {number} at @param {number} end
 */
export function isSuccess(buffer, at, end) {
  if (buffer[at + 8] === 48 && buffer[at + 9] === 44 && buffer[at + 2] === 99 && buffer[at + 7] === 58)
    return true
  return parseHeader(buffer, at, end).code === 0
}

/** @param {Buffer} buffer @param {number} at @param {number} end */
export function parseHeader(buffer, at, end) {
  return JSON.parse(buffer.latin1Slice(at, end))
}
