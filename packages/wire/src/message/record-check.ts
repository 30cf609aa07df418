import { crc31 } from './crc.js'
import { fileEndBytes, recordAt, recordMagics } from './record.js'
import { checkSeal } from './record-crc.js'
import {
  emptyShape,
  fillRecordShape,
  type RecordShape,
  readMagic,
  readPhysicalOffset,
  readRecordShape,
  readTotalSize,
} from './record-read.js'

/** What lies at a place of the log. */
export type RecordCheck =
  | { readonly kind: 'record'; readonly sizeBytes: number; readonly shape: RecordShape }
  /** The rest of the file is unused. */
  | { readonly kind: 'fileEnd'; readonly sizeBytes: number }
  /** Size and magic are zero: nothing was ever written here. */
  | { readonly kind: 'unwritten' }
  | { readonly kind: 'bad'; readonly reason: string }

export interface RecordCheckOptions {
  /** Compares the CRC of the body. Default true. */
  bodyCrc?: boolean
  /** Compares the CRC appended to the properties, where there is one. Default false. */
  appendedCrc?: boolean
  /** Where the record lies in the log; one that says otherwise is bad. */
  physicalOffset?: number
}

const unwritten: RecordCheck = { kind: 'unwritten' }

/**
 * Judges what lies at `at`, of a file or buffer whose bytes end at `end`. `bytes` and `view` show the same memory.
 * Never throws; reads nothing at or behind `end`.
 */
export function checkRecord(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  options: RecordCheckOptions = {},
): RecordCheck {
  if (end - at < fileEndBytes) return { kind: 'bad', reason: `${end - at} bytes are too few for a record` }
  const magic = readMagic(view, at)
  const totalSize = readTotalSize(view, at)
  if (magic === recordMagics.blank) return checkFileEnd(totalSize, end - at)
  if (magic === 0 && totalSize === 0) return unwritten
  const shaped = readRecordShape(view, at, end)
  if (!shaped.ok) return { kind: 'bad', reason: shaped.reason }
  const { bodyCrc = true, appendedCrc = false, physicalOffset } = options
  const reason = faultOf(bytes, view, at, shaped.value, physicalOffset, bodyCrc, appendedCrc)
  return reason === undefined
    ? { kind: 'record', sizeBytes: totalSize, shape: shaped.value }
    : { kind: 'bad', reason }
}

const scratch = emptyShape()

/**
 * Why the `size` bytes at `at` are not one sound record of that place in the log; undefined when they are. As checkRecord,
 * for readers, who look at each record that they hand out: nothing is allocated.
 */
export function recordFault(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  size: number,
  physicalOffset: number,
  appendedCrc: boolean,
): string | undefined {
  const reason = fillRecordShape(scratch, view, at, at + size)
  if (reason !== undefined) return reason
  if (scratch.totalSize !== size) return `it is no record of ${size} bytes`
  return faultOf(bytes, view, at, scratch, physicalOffset, true, appendedCrc)
}

/** The mark covers all that is left of a file; of a part of a file it may say more than is there. */
function checkFileEnd(sizeBytes: number, leftBytes: number): RecordCheck {
  return sizeBytes < fileEndBytes
    ? { kind: 'bad', reason: `an end of file of ${sizeBytes} bytes where ${leftBytes} are left` }
    : { kind: 'fileEnd', sizeBytes }
}

function faultOf(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  shape: RecordShape,
  expectedOffset: number | undefined,
  bodyCrc: boolean,
  appendedCrc: boolean,
): string | undefined {
  const physicalOffset = readPhysicalOffset(view, at)
  if (expectedOffset !== undefined && physicalOffset !== expectedOffset)
    return `a record of offset ${physicalOffset} lies at ${expectedOffset}`
  if (bodyCrc && shape.bodyBytes > 0) {
    const stored = view.getInt32(at + recordAt.bodyCrc)
    if (crc31(bytes, view, shape.bodyAt, shape.bodyBytes) !== stored) return 'the body does not have its CRC'
  }
  if (appendedCrc && checkSeal(bytes, at, shape.totalSize) === false)
    return 'the record does not have its appended CRC'
  return undefined
}
