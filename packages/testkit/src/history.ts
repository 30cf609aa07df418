/**
 * The oracle of every fault test: what clients and stores recorded, checked for loss, invention, reordering and
 * reuse. Pure functions from events to findings; an empty list is a pass.
 */

/** A producer's view of one message. */
export interface SendEvent {
  producer: string
  /** Counts up by one per producer. */
  seq: number
  topic: string
  /** Digest of the body. */
  digest: string
  /**
   * ok: SEND_OK. unknown: a timeout, a lost connection, FLUSH_* or SLAVE_*: it may or may not be stored.
   * fail: refused; it must not show up.
   */
  outcome: 'ok' | 'unknown' | 'fail'
  /** Where it was stored, when that was answered. */
  queue?: string
  offset?: number
}

/** A consumer's view of one delivery. */
export interface ConsumeEvent {
  group: string
  topic: string
  /** Broker and queue, e.g. `broker-a:0`. */
  queue: string
  offset: number
  producer: string
  seq: number
  digest: string
}

/** What one place (master, slave, before, after) has at an offset of a queue. */
export interface StoredEvent {
  place: string
  topic: string
  queue: string
  offset: number
  /** Digest of the whole record. */
  digest: string
}

export interface CommitEvent {
  group: string
  topic: string
  queue: string
  offset: number
  /** End of the queue at that moment. */
  maxOffset: number
  /** An explicit reset, which alone may move back. */
  reset?: boolean
}

/** A message with one outcome to come, or with a time before which it must not be delivered. */
export interface HistoryEvents {
  sends: readonly SendEvent[]
  consumes: readonly ConsumeEvent[]
  /** Groups that must have consumed everything by now. */
  groups: readonly string[]
  stored?: readonly StoredEvent[]
  commits?: readonly CommitEvent[]
}

export type Rule = 'O1' | 'O2' | 'O3' | 'O4' | 'O5'

export interface Finding {
  rule: Rule
  text: string
}

const mostPerRule = 20

/** All rules; of each rule at most 20 findings and a count of the rest. */
export function checkHistory(events: HistoryEvents): Finding[] {
  return [
    ...clip('O1', lost(events.sends, events.consumes, events.groups)),
    ...clip('O2', invented(events.sends, events.consumes)),
    ...clip('O3', reused(events.stored ?? [], events.sends, events.consumes)),
    ...clip('O4', reordered(events.sends, events.consumes)),
    ...clip('O5', movedBack(events.commits ?? [])),
  ]
}

function clip(rule: Rule, texts: readonly string[]): Finding[] {
  const findings = texts.slice(0, mostPerRule).map((text) => ({ rule, text }))
  if (texts.length > mostPerRule) findings.push({ rule, text: `and ${texts.length - mostPerRule} more` })
  return findings
}

const messageKey = (event: { topic: string; producer: string; seq: number }) =>
  `${event.topic} ${event.producer}#${event.seq}`
const placeKey = (event: { topic: string; queue: string; offset: number }) =>
  `${event.topic} ${event.queue}@${event.offset}`

/** O1: every acknowledged message was consumed by every group. */
export function lost(
  sends: readonly SendEvent[],
  consumes: readonly ConsumeEvent[],
  groups: readonly string[],
): string[] {
  return groups.flatMap((group) => {
    const consumed = new Set(consumes.filter((event) => event.group === group).map(messageKey))
    return sends
      .filter((send) => send.outcome === 'ok' && !consumed.has(messageKey(send)))
      .map((send) => `${messageKey(send)} was acknowledged${storedAt(send)} and ${group} did not get it`)
  })
}

const storedAt = (send: SendEvent) =>
  send.queue === undefined || send.offset === undefined ? '' : ` at ${send.queue}@${send.offset}`

/** O2: nothing was consumed that nobody sent, or that was refused, or with another body. */
export function invented(sends: readonly SendEvent[], consumes: readonly ConsumeEvent[]): string[] {
  const attempted = new Map(sends.map((send) => [messageKey(send), send]))
  return consumes.flatMap((event) => {
    const send = attempted.get(messageKey(event))
    const what = `${messageKey(event)} at ${event.queue}@${event.offset}`
    if (!send) return [`${what} was consumed and nobody sent it`]
    if (send.outcome === 'fail') return [`${what} was consumed and its send was refused`]
    if (send.digest !== event.digest) return [`${what} was consumed with another body`]
    return []
  })
}

/**
 * O3: offsets of a queue are dense, and an offset names the same bytes in every place and for ever: what a
 * producer was told and what consumers got there must agree too.
 */
export function reused(
  stored: readonly StoredEvent[],
  sends: readonly SendEvent[] = [],
  consumes: readonly ConsumeEvent[] = [],
): string[] {
  return [...holes(stored), ...differentBytes(stored), ...differentMessages(sends, consumes)]
}

function holes(stored: readonly StoredEvent[]): string[] {
  const offsets = new Map<string, Set<number>>()
  for (const event of stored) {
    const key = `${event.topic} ${event.queue} of ${event.place}`
    const known = offsets.get(key)
    if (known) known.add(event.offset)
    else offsets.set(key, new Set([event.offset]))
  }
  return [...offsets].flatMap(([key, known]) => {
    const sorted = [...known].sort((a, b) => a - b)
    return sorted
      .slice(1)
      .flatMap((offset, i) =>
        offset === sorted[i]! + 1 ? [] : [`${key}: after offset ${sorted[i]} comes ${offset}`],
      )
  })
}

function differentBytes(stored: readonly StoredEvent[]): string[] {
  const first = new Map<string, StoredEvent>()
  return stored.flatMap((event) => {
    const known = first.get(placeKey(event))
    if (!known) first.set(placeKey(event), event)
    return known && known.digest !== event.digest
      ? [`${placeKey(event)} has other bytes in ${event.place} than in ${known.place}`]
      : []
  })
}

function differentMessages(sends: readonly SendEvent[], consumes: readonly ConsumeEvent[]): string[] {
  const first = new Map<string, string>()
  const claims = [
    ...sends.flatMap(({ topic, queue, offset, producer, seq, outcome }) =>
      outcome === 'ok' && queue !== undefined && offset !== undefined
        ? [{ topic, queue, offset, producer, seq }]
        : [],
    ),
    ...consumes,
  ]
  return claims.flatMap((claim) => {
    const message = messageKey(claim)
    const known = first.get(placeKey(claim))
    if (known === undefined) first.set(placeKey(claim), message)
    return known !== undefined && known !== message ? [`${placeKey(claim)} is ${known} and ${message}`] : []
  })
}

/**
 * O4: acknowledged messages of one producer lie in a queue in the order of sending. Judged by the offsets consumers
 * saw, so that a redelivery is no reordering; a message stored more than once (after an unknown outcome) counts by
 * its first offset.
 */
export function reordered(sends: readonly SendEvent[], consumes: readonly ConsumeEvent[]): string[] {
  const acknowledged = new Set(sends.filter((send) => send.outcome === 'ok').map(messageKey))
  const firstOffsets = new Map<string, Map<number, number>>()
  for (const event of consumes) {
    if (!acknowledged.has(messageKey(event))) continue
    const key = `${event.topic} ${event.queue} from ${event.producer}`
    let offsets = firstOffsets.get(key)
    if (!offsets) {
      offsets = new Map()
      firstOffsets.set(key, offsets)
    }
    offsets.set(event.seq, Math.min(event.offset, offsets.get(event.seq) ?? event.offset))
  }
  return [...firstOffsets].flatMap(([key, offsets]) => {
    const inOrder = [...offsets].sort(([a], [b]) => a - b)
    return inOrder.slice(1).flatMap(([seq, offset], i) => {
      const [seqBefore, offsetBefore] = inOrder[i]!
      return offset > offsetBefore
        ? []
        : [`${key}: #${seq} lies at ${offset}, before #${seqBefore} at ${offsetBefore}`]
    })
  })
}

/** O5: a committed offset never passes the end of its queue, and moves back by a reset only. */
export function movedBack(commits: readonly CommitEvent[]): string[] {
  const last = new Map<string, number>()
  return commits.flatMap((commit) => {
    const key = `${commit.group} ${commit.topic} ${commit.queue}`
    const before = last.get(key) ?? 0
    last.set(key, commit.offset)
    if (commit.offset > commit.maxOffset)
      return [`${key}: committed ${commit.offset} passes the end ${commit.maxOffset}`]
    if (commit.offset < before && !commit.reset)
      return [`${key}: committed ${commit.offset} after ${before} without a reset`]
    return []
  })
}
