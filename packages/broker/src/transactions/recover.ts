import type { PhysicalOffset, QueueOffset } from '@aerobee/base'
import {
  decodeRecord,
  findProperty,
  propertyNames,
  type RecordShape,
  readSysFlag,
  systemGroupPrefix,
  systemTopicNames,
  transactionType,
  transactionTypes,
} from '@aerobee/wire'
import { type Half, halfOf, halfTopic, originIn } from './half-message.js'
import { HalfQueue } from './half-queue.js'
import { opTopic, readOpMessage } from './op-message.js'
import { OpWriter } from './op-writer.js'
import { endHalf } from './outcome.js'
import type { HalfLane, TransactionParts } from './parts.js'
import { readHalves, readRecords } from './read-halves.js'

/** Under this group the broker keeps how far it has come in the half and op queues. */
export const transactionGroup = `${systemGroupPrefix}TRANS`

const batchRecords = 1000

/**
 * What the store says of transactions, before anybody is served:
 *
 *   op messages from the committed op offset on ──► halves that are over
 *   the other halves from the committed half offset on ──► wait, as copies of their origin
 *   records of outcomes that no op message lists yet ──► their halves are over, and are listed now
 *
 * The last step reads the log from the place that the newest op message names, or from the oldest half that waits.
 */
export async function recoverTransactions(parts: TransactionParts): Promise<HalfLane[]> {
  const queueIds = new Set([0, ...(parts.store.queues().get(halfTopic) ?? [])])
  const lanes: HalfLane[] = []
  let scanFrom = Number.POSITIVE_INFINITY
  for (const queueId of queueIds) {
    const lane = newLane(parts, queueId)
    lanes.push(lane)
    const { listedBelow, below } = await readOps(parts, lane)
    const oldest = await readWaiting(parts, lane, below, listedBelow === undefined ? new Map() : undefined)
    if (oldest !== undefined) scanFrom = Math.min(scanFrom, Math.max(oldest, listedBelow ?? 0))
  }
  if (scanFrom < Number.POSITIVE_INFINITY) await findOutcomes(parts, lanes, scanFrom)
  return lanes
}

function newLane(parts: TransactionParts, queueId: number): HalfLane {
  const { store, offsets } = parts
  const committed = offsets.committed(transactionGroup, halfTopic, queueId) ?? 0
  const base = Math.max(committed, store.minOffset(halfTopic, queueId))
  return { halves: new HalfQueue(queueId, base), ops: new OpWriter(queueId, parts) }
}

/** Passes what the op messages list. `below`: what they list before the halves begin. */
async function readOps(parts: TransactionParts, { halves, ops }: HalfLane) {
  const { store, offsets } = parts
  const { queueId, passed } = halves
  const below = new Set<QueueOffset>()
  let listedBelow: PhysicalOffset | undefined
  const end = store.maxOffset(opTopic, queueId)
  const committed = offsets.committed(transactionGroup, opTopic, queueId) ?? 0
  let at = Math.max(committed, store.minOffset(opTopic, queueId))
  // The queue begins later where a power cut has taken its first messages.
  let expected = committed
  let sound = true
  while (at < end) {
    const { records, next } = await readRecords(parts, opTopic, queueId, at, end, batchRecords)
    for (const record of records) {
      const op = readOpMessage(record)
      // Where one is missing, what it listed must be looked for.
      sound &&= record.queueOffset === expected
      expected = record.queueOffset + 1
      listedBelow = op.listedBelow
      for (const half of op.halves)
        if (half < passed.base) below.add(half)
        else passed.add(half)
      ops.found(record.queueOffset, op.halves)
    }
    at = next
  }
  return { listedBelow: sound && expected === end ? listedBelow : undefined, below }
}

/**
 * Where the oldest half that waits lies in the log; undefined when none does. `byKey`: for a queue that a Java broker
 * may have written. Its copies have no tie to what they are copies of but the key; killed, it leaves both.
 */
async function readWaiting(
  parts: TransactionParts,
  { halves }: HalfLane,
  below: ReadonlySet<QueueOffset>,
  byKey: Map<string, QueueOffset> | undefined,
): Promise<PhysicalOffset | undefined> {
  const { store, halfCounts } = parts
  const end = store.maxOffset(halfTopic, halves.queueId)
  const unreadable: QueueOffset[] = []
  for (let at = halves.next(0, end); at < end; ) {
    const read = await readHalves(parts, halves, at, end, batchRecords)
    unreadable.push(...read.unreadable)
    for (const record of read.records) {
      const half = halfOf(record)
      if (half === undefined) unreadable.push(record.queueOffset)
      else if (passCopied(halves, half, byKey)) continue
      else if (half.origin === record.queueOffset || halves.found(half.origin, record.queueOffset, below))
        halfCounts.add(half.realTopic, 1)
    }
    at = halves.next(read.next, end)
  }
  halves.pass(unreadable)
  const oldest = halves.next(0, end)
  if (oldest === end) return undefined
  const { records } = await readHalves(parts, halves, oldest, end, 1)
  return records[0]?.physicalOffset ?? 0
}

/** Whether it is such a copy, of a half that was found and is passed now. */
function passCopied(halves: HalfQueue, half: Half, byKey: Map<string, QueueOffset> | undefined): boolean {
  const { uniqKey, origin, record, checkTimes } = half
  if (byKey === undefined || uniqKey === undefined || origin !== record.queueOffset) return false
  const copied = checkTimes > 0 ? byKey.get(uniqKey) : undefined
  byKey.set(uniqKey, origin)
  if (copied === undefined) return false
  halves.pass([copied])
  return true
}

interface FoundOutcome {
  halfPhysical: PhysicalOffset
  /** When the half was a copy. */
  origin: QueueOffset | undefined
  uniqKey: string | undefined
}

/** Whoever is killed between the record of an outcome and the op message that lists it, left it for here. */
async function findOutcomes(
  parts: TransactionParts,
  lanes: readonly HalfLane[],
  from: PhysicalOffset,
): Promise<void> {
  const found: FoundOutcome[] = []
  await parts.store.scan(from, (view, at, shape) => {
    const outcome = outcomeIn(view, at, shape)
    if (outcome) found.push(outcome)
  })
  let ended = 0
  for (const outcome of found) {
    const { origin, halfPhysical } = outcome
    const half =
      origin === undefined ? await halfAt(parts, halfPhysical) : await waitingOf(parts, lanes, origin)
    if (!half || half.uniqKey !== outcome.uniqKey) continue
    const lane = lanes.find(({ halves }) => halves.queueId === half.record.queueId)
    if (lane?.halves.begin(half.origin) !== 'begun') continue
    endHalf(parts, lane, half)
    ended++
  }
  if (ended > 0) parts.logger.info(`${ended} transactions had ended that no op message lists; now one does.`)
}

async function halfAt(
  { store }: TransactionParts,
  physicalOffset: PhysicalOffset,
): Promise<Half | undefined> {
  const bytes = await store.recordAt(physicalOffset)
  const record = bytes && decodeRecord(bytes)
  return record?.ok ? halfOf(record.value) : undefined
}

/** The half of a transaction that waits; undefined when it is over. The copy that had the outcome may be lost. */
async function waitingOf(
  parts: TransactionParts,
  lanes: readonly HalfLane[],
  origin: QueueOffset,
): Promise<Half | undefined> {
  for (const { halves } of lanes) {
    const current = halves.currentOf(origin)
    const end = parts.store.maxOffset(halfTopic, halves.queueId)
    if (current === undefined || current >= end) continue
    const { records } = await readRecords(parts, halfTopic, halves.queueId, current, end, 1)
    return records[0] && halfOf(records[0])
  }
  return undefined
}

/** A committed message, or one that was given up. */
function outcomeIn(view: DataView, at: number, shape: RecordShape): FoundOutcome | undefined {
  const committed = transactionType(readSysFlag(view, at)) === transactionTypes.commit
  if (!committed && shape.topicBytes !== systemTopicNames.transactionCheckMax.length) return undefined
  const record = decodeRecord(new Uint8Array(view.buffer, view.byteOffset + at, shape.totalSize))
  if (!record.ok) return undefined
  const { topic, properties, preparedTransactionOffset } = record.value
  if (!committed && topic !== systemTopicNames.transactionCheckMax) return undefined
  return {
    halfPhysical: preparedTransactionOffset,
    origin: originIn(properties),
    uniqKey: findProperty(properties, propertyNames.uniqKey),
  }
}
