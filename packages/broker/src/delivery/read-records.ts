import { AerobeeError } from '@aerobee/base'
import type { ReadOutcome } from '@aerobee/store'
import { decodeRecords, type MessageRecord } from '@aerobee/wire'

/** What a read found, taken apart. The bytes are a copy. Throws STORE_CORRUPT. */
export function recordsOf({ records }: ReadOutcome): MessageRecord[] {
  if (!records) return []
  const bytes = Buffer.allocUnsafe(records.sizeBytes)
  records.copyTo(bytes, 0)
  const decoded = decodeRecords(bytes)
  if (!decoded.ok) throw new AerobeeError('STORE_CORRUPT', decoded.reason)
  return decoded.value
}
