import { AerobeeError, type Result } from '@aerobee/base'
import type { ReadOutcome } from '@aerobee/store'
import { decodeOutlines, decodeRecords, type MessageRecord, type RecordOutline } from '@aerobee/wire'

/** What a read found, taken apart. The bytes are a copy. Throws STORE_CORRUPT. */
export const recordsOf = (outcome: ReadOutcome): MessageRecord[] => decodedBy(decodeRecords, outcome)

/** Only what the services need that do not deliver. Throws STORE_CORRUPT. */
export const outlinesOf = (outcome: ReadOutcome): RecordOutline[] => decodedBy(decodeOutlines, outcome)

function decodedBy<T>(decode: (bytes: Uint8Array) => Result<T[]>, { records }: ReadOutcome): T[] {
  if (!records) return []
  const bytes = Buffer.allocUnsafe(records.sizeBytes)
  records.copyTo(bytes, 0)
  const decoded = decode(bytes)
  if (!decoded.ok) throw new AerobeeError('STORE_CORRUPT', decoded.reason)
  return decoded.value
}
