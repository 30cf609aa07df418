import { type PhysicalOffset, readInt64 } from '@aerobee/base'
import type { RecordShape } from '@aerobee/wire'

/**
 * A message that was delivered when its time had come says which record it is a copy of, in the field
 * preparedTransactionOffset, which such a message does not use:
 *
 *   mark = -1 - physical offset of the record in the topic where it waited
 *
 * Below zero, since a committed transaction has the place of its half there. Offsets in the queue would not do: after
 * a power cut another message may get the offset of one that is lost, while its copy, further on in the log, is not.
 */
export const deliveryMark = (physicalOffset: PhysicalOffset): number => -1 - physicalOffset

/** preparedTransactionOffset lies this far before the body of a record. */
const markBeforeBody = 12

/** Where the message of a record waited; undefined when it never did. */
export function waitedAt(view: DataView, { bodyAt }: RecordShape): PhysicalOffset | undefined {
  const mark = readInt64(view, bodyAt - markBeforeBody)
  return mark < 0 ? -1 - mark : undefined
}
