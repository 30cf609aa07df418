import { AerobeeError, asBuffer, bad, good, type Result } from '@aerobee/base'
import type { CompressionCodec } from './compression.js'
import { loadOptional } from './compression-packages.js'

/**
 * LZ4 in its frame format, through the package lz4-napi. It knows no bound for its output (a byte may become 255), so
 * the size is computed beforehand from the sequences, which takes a fraction of the time of decompressing.
 *
 *   frames   = { frame }
 *   frame    = magic | flags 1 | blockSizes 1 | [contentSize 8] | [dictionary 4] | headerSum 1
 *              | { block } | 0 int32 | [contentSum 4]                        integers are little endian
 *   block    = size int32 (top bit: not compressed) | bytes | [blockSum 4]
 *   bytes    = { sequence }
 *   sequence = token 1 | [more literal lengths] | literals | distance 2 | [more match lengths]
 *              the last sequence of a block ends after its literals
 */
const frameMagic = 0x184d2204
const flagBits = { blockSum: 0x10, contentSize: 0x08, contentSum: 0x04, dictionary: 0x01 } as const
const shortestMatch = 4

interface Lz4Package {
  compressFrame(body: Uint8Array): Promise<Uint8Array>
  decompressFrame(body: Uint8Array): Promise<Uint8Array>
}

export async function lz4Codec(): Promise<CompressionCodec> {
  const lz4 = await loadOptional<Lz4Package>('LZ4', 'lz4-napi')
  return {
    compress: (body) => lz4.compressFrame(body),
    async decompress(body, maxBytes) {
      const size = lz4OutputBytes(body)
      if (!size.ok) throw new AerobeeError('MALFORMED', `the body is not LZ4: ${size.reason}`)
      if (size.value > maxBytes)
        throw new AerobeeError(
          'LIMIT_EXCEEDED',
          `the LZ4 body has ${size.value} bytes when decompressed, at most ${maxBytes} are allowed`,
        )
      return size.value === 0 ? new Uint8Array(0) : lz4.decompressFrame(body)
    },
  }
}

/** Bytes that the frames decompress to. Checks the structure, not the content sums and match distances. */
export function lz4OutputBytes(frames: Uint8Array): Result<number> {
  const bytes = asBuffer(frames)
  let at = 0
  let total = 0
  do {
    if (bytes.length - at < 7 || bytes.readUInt32LE(at) !== frameMagic) return bad('no frame starts here')
    const flags = bytes[at + 4]!
    if (flags >> 6 !== 1) return bad(`frame version ${flags >> 6} is unknown`)
    at += 7 + (flags & flagBits.contentSize ? 8 : 0) + (flags & flagBits.dictionary ? 4 : 0)
    for (;;) {
      if (bytes.length - at < 4) return bad('the frame has no end mark')
      const head = bytes.readUInt32LE(at)
      at += 4
      if (head === 0) break
      const size = head & 0x7fff_ffff
      if (size > bytes.length - at) return bad(`a block of ${size} bytes exceeds the frame`)
      const output = head >>> 31 === 1 ? size : blockOutputBytes(bytes, at, at + size)
      if (output < 0) return bad('a sequence exceeds its block')
      total += output
      at += size + (flags & flagBits.blockSum ? 4 : 0)
    }
    at += flags & flagBits.contentSum ? 4 : 0
    if (at > bytes.length) return bad('the frame is cut off')
  } while (at < bytes.length)
  return good(total)
}

/** -1 when a sequence exceeds the block. */
function blockOutputBytes(bytes: Buffer, start: number, end: number): number {
  let output = 0
  let at = start
  const lengthFrom = (nibble: number): number => {
    let length = nibble
    if (nibble < 15) return length
    for (;;) {
      const more = at < end ? bytes[at++]! : -1
      if (more < 0) return Number.POSITIVE_INFINITY
      length += more
      if (more < 255) return length
    }
  }
  while (at < end) {
    const token = bytes[at++]!
    const literals = lengthFrom(token >> 4)
    if (literals > end - at) return -1
    at += literals
    output += literals
    if (at === end) return output
    if (end - at < 2) return -1
    at += 2
    const match = lengthFrom(token & 15)
    if (match === Number.POSITIVE_INFINITY) return -1
    output += match + shortestMatch
  }
  return -1
}
