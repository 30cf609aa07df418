import { crc31 } from './crc.js'
import { fileEndBytes, recordAt, recordMagics } from './record.js'
import { checkSeal } from './record-crc.js'
import {
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
  const reason = faultOf(bytes, view, at, shaped.value, options)
  return reason === undefined
    ? { kind: 'record', sizeBytes: totalSize, shape: shaped.value }
    : { kind: 'bad', reason }
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
  options: RecordCheckOptions,
): string | undefined {
  const physicalOffset = readPhysicalOffset(view, at)
  if (options.physicalOffset !== undefined && physicalOffset !== options.physicalOffset)
    return `a record of offset ${physicalOffset} lies at ${options.physicalOffset}`
  if (options.bodyCrc !== false && shape.bodyBytes > 0) {
    const stored = view.getInt32(at + recordAt.bodyCrc)
    if (crc31(bytes, shape.bodyAt, shape.bodyBytes) !== stored) return 'the body does not have its CRC'
  }
  if (options.appendedCrc && checkSeal(bytes, at, shape.totalSize) === false)
    return 'the record does not have its appended CRC'
  return undefined
}
