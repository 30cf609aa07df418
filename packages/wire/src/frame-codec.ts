import { asBuffer, assert, bad, emptyBytes, limits, type Result } from '@aerobee/base'
import { type Frame, type SerializeType, serializeTypes } from './frame.js'
import { decodeJsonHeader, jsonHeaderUpperBound, writeJsonHeader } from './header-json.js'
import { decodeRocketmqHeader, rocketmqHeaderUpperBound, writeRocketmqHeader } from './header-rocketmq.js'

/**
 * Frame (reference: wire 3.1), big endian:
 *
 *   length int32 | serializeType byte | headerLength uint24 | header | body
 *   length = 4 + headerLength + bodyLength
 */
const lengthBytes = 4
/** The length field, the serialize type and the header's length. */
export const framePrefixBytes = 8

/** Why no frame can have this value in its length field; undefined when one can. For framers, before they buffer. */
export function frameLengthFault(length: number): string | undefined {
  if (length < framePrefixBytes - lengthBytes) return `a frame of length ${length} cannot hold a header`
  if (length > limits.frameBytes)
    return `a frame of length ${length} exceeds the limit of ${limits.frameBytes}`
  return undefined
}

/**
 * `bytes[start, end)` is one whole frame with its length field. The body is a view into `bytes`, the rest is not.
 * Nothing is allocated in the size of a length read before that length is checked against what is there.
 */
export function decodeFrame(bytes: Uint8Array, start = 0, end = bytes.length): Result<Frame> {
  const buffer = asBuffer(bytes)
  const available = end - start - lengthBytes
  if (available < framePrefixBytes - lengthBytes) return bad('the frame is shorter than its prefix')
  const length = int32At(buffer, start)
  const fault = frameLengthFault(length)
  if (fault !== undefined) return bad(fault)
  if (length !== available) return bad(`the frame says length ${length} and has ${available}`)
  const serializeType = buffer[start + 4]!
  const headerLength = int32At(buffer, start + 4) & 0xff_ffff
  const headerAt = start + framePrefixBytes
  const bodyAt = headerAt + headerLength
  if (bodyAt > end) return bad(`the header's length ${headerLength} overruns the frame`)
  if (headerLength > limits.frameHeaderBytes)
    return bad(`the header's length ${headerLength} exceeds the limit of ${limits.frameHeaderBytes}`)
  const body = bodyAt === end ? emptyBytes : buffer.subarray(bodyAt, end)
  if (serializeType === serializeTypes.JSON) return decodeJsonHeader(buffer, headerAt, bodyAt, body)
  if (serializeType === serializeTypes.ROCKETMQ)
    return decodeRocketmqHeader(buffer.subarray(headerAt, bodyAt), body)
  return bad(`the serialize type ${serializeType} is unknown`)
}

/** Inlined where readInt32BE is a call; the caller has checked the bounds. */
function int32At(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

/** Bytes that writeFrameHead may need at most: prefix and header. */
export function frameHeadUpperBound(frame: Frame): number {
  return (
    framePrefixBytes +
    (frame.serializeType === serializeTypes.JSON
      ? jsonHeaderUpperBound(frame)
      : rocketmqHeaderUpperBound(frame))
  )
}

/** Bytes that writeFrame may need at most. */
export function frameSizeUpperBound(frame: Frame): number {
  return frameHeadUpperBound(frame) + frame.body.length
}

/**
 * Prefix and header of a frame whose body of `bodyLength` bytes the caller puts behind them; `frame.body` is not
 * looked at. `target` must have room for frameHeadUpperBound(frame) from `at`. Returns the end of the header.
 */
export function writeFrameHead(target: Buffer, at: number, frame: Frame, bodyLength: number): number {
  const headerAt = at + framePrefixBytes
  const serializeType: SerializeType = frame.serializeType
  const end =
    serializeType === serializeTypes.JSON
      ? writeJsonHeader(target, headerAt, frame)
      : writeRocketmqHeader(target, headerAt, frame)
  const headerLength = end - headerAt
  assert(headerLength <= 0xff_ffff, 'a header is longer than its uint24 length can say')
  target.writeInt32BE(lengthBytes + headerLength + bodyLength, at)
  target.writeInt32BE((serializeType << 24) | headerLength, at + lengthBytes)
  return end
}

/** The whole frame; `target` must have room for frameSizeUpperBound(frame) from `at`. Returns its end. */
export function writeFrame(target: Buffer, at: number, frame: Frame): number {
  const end = writeFrameHead(target, at, frame, frame.body.length)
  if (frame.body.length > 0) target.set(frame.body, end)
  return end + frame.body.length
}

/** The whole frame in an array of its own; the hot path appends with writeFrame instead. */
export function encodeFrame(frame: Frame): Uint8Array {
  const target = Buffer.allocUnsafe(frameSizeUpperBound(frame))
  return target.subarray(0, writeFrame(target, 0, frame))
}
