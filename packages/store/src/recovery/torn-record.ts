import { isUtf8 } from 'node:buffer'
import type { RecordShape } from '@aerobee/wire'

const sectorBytes = 512

/**
 * Why a record whose lengths and body are right was still not written in full, undefined when it was. The CRC covers
 * the body only, so a cut in topic or properties shows as zeros: up to the end after a torn write, or for a whole sector
 * of the disk after a power cut; or as what lay there before, which is seldom UTF-8. `offset`: of the record in its
 * file. Text that ends with U+0000 is nobody's.
 */
export function tornText(bytes: Buffer, at: number, shape: RecordShape, offset: number): string | undefined {
  const { topicAt, topicBytes, propertiesAt, propertiesBytes } = shape
  const topicEnd = topicAt + topicBytes
  if (hasZero(bytes, topicAt, topicEnd)) return 'its topic was not written in full'
  const end = propertiesAt + propertiesBytes
  const reason = 'its properties were not written in full'
  if (!isUtf8(bytes.subarray(propertiesAt, end))) return reason
  if (!hasZero(bytes, propertiesAt, end)) return undefined
  if (bytes[end - 1] === 0) return reason
  const inFile = offset - at
  for (let from = propertiesAt; from < end; ) {
    const to = Math.min(end, from + sectorBytes - ((inFile + from) % sectorBytes))
    if (isZero(bytes, from, to)) return reason
    from = to
  }
  return undefined
}

function hasZero(bytes: Buffer, from: number, to: number): boolean {
  const found = from < to ? bytes.subarray(from, to).indexOf(0) : -1
  return found >= 0
}

function isZero(bytes: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false
  return true
}
