import type { AppendOutcome, NewMessage } from '@aerobee/store'
import { type PutRefusal, putMessage } from '../delivery/put.js'
import { isStored } from '../send/outcome.js'
import { scanProperties } from '../sent-properties.js'
import type { Half } from './half-message.js'
import type { HalfLane, TransactionParts } from './parts.js'

/** undefined: stored, and as safe as the flush mode promises. */
export type OutcomeFault = PutRefusal | AppendOutcome | undefined

/**
 * Stores the record that is the outcome of a half which was begun, and lists the half as over; or leaves it as it was.
 * Killed in between, the record tells the next start (recover.ts).
 */
export function storeOutcome(
  parts: TransactionParts,
  { halves, ops }: HalfLane,
  half: Half,
  message: NewMessage,
  done: (fault: OutcomeFault) => void,
): void {
  const mark = ops.begin()
  const settle = (stored: boolean, fault: OutcomeFault) => {
    if (stored) endHalf(parts, { halves, ops }, half)
    else halves.abandon(half.origin)
    ops.settled(mark)
    done(fault)
  }
  const refused = putMessage(parts, message, scanProperties(message.properties), (outcome) => {
    const stored = isStored(outcome)
    if (stored) parts.stats.notePut(message.topic, message.queueId, 1, outcome)
    settle(stored, outcome.status === 'PUT_OK' ? undefined : outcome)
  })
  if (refused) settle(false, refused)
}

/** A half that was begun is over. */
export function endHalf({ halfCounts }: TransactionParts, { halves, ops }: HalfLane, half: Half): void {
  ops.list(halves.finish(half.origin), half.record.storeHost)
  halfCounts.add(half.realTopic, -1)
}
