import { nameEnd, valueEnd } from '@aerobee/wire'

/**
 * Properties of a message as clients send and records keep them:
 *
 *   properties = { name U+0001 value U+0002 }     the last U+0002 may be missing
 *
 * Pieces without a name or a value count for nothing. Of a name that comes twice the later value counts.
 */

/** What the broker itself reads of them. */
export interface SentProperties {
  tags: string | undefined
  keys: string | undefined
  uniqKey: string | undefined
  /** WAIT, true when absent. */
  waitStoreOk: boolean
  /** DELAY. */
  delayLevel: string | undefined
  /** One of TIMER_DELIVER_MS, TIMER_DELAY_MS, TIMER_DELAY_SEC is there. */
  timer: boolean
  /** TIMER_OUT_MS is there: a message that the timer gives back. */
  timerOut: boolean
  /** TRAN_MSG=true. */
  transaction: boolean
  /** INNER_NUM is there. */
  innerBatch: boolean
  /** Holds pieces that may not be stored as they are: empty ones, or names that the broker sets or removes. */
  rewrite: boolean
}

/** Set by the broker on every message, whatever the client says. */
const ownNames: readonly string[] = [
  'MSG_REGION',
  'TRACE_ON',
  'CLUSTER',
  'POP_CK',
  'INNER_MULTI_QUEUE_OFFSET',
]

export function scanProperties(text: string): SentProperties {
  const found: SentProperties = {
    tags: undefined,
    keys: undefined,
    uniqKey: undefined,
    waitStoreOk: true,
    delayLevel: undefined,
    timer: false,
    timerOut: false,
    transaction: false,
    innerBatch: false,
    rewrite: false,
  }
  const length = text.length
  let start = 0
  while (start < length) {
    let end = text.indexOf(valueEnd, start)
    if (end < 0) end = length
    const middle = text.indexOf(nameEnd, start)
    if (middle <= start || middle >= end - 1) found.rewrite = true
    else noteProperty(found, text, start, middle, end)
    start = end + 1
  }
  return found
}

/** Names are told apart by length, then by their first letter: most are none of ours. */
function noteProperty(found: SentProperties, text: string, start: number, middle: number, end: number): void {
  switch (middle - start) {
    case 4:
      noteShort(found, text, start, middle, end)
      return
    case 5:
      if (text.startsWith('DELAY', start)) found.delayLevel = text.slice(middle + 1, end)
      return
    case 6:
      if (text.startsWith('POP_CK', start)) found.rewrite = true
      return
    case 7:
      if (text.startsWith('CLUSTER', start)) found.rewrite = true
      return
    case 8:
      if (text.charCodeAt(start) === letterU) {
        if (text.startsWith('UNIQ_KEY', start)) found.uniqKey = text.slice(middle + 1, end)
      } else if (text.startsWith('TRACE_ON', start)) found.rewrite = true
      else if (text.startsWith('TRAN_MSG', start)) found.transaction = isTrue(text.slice(middle + 1, end))
      return
    case 9:
      if (text.startsWith('INNER_NUM', start)) found.innerBatch = true
      return
    case 10:
      if (text.startsWith('MSG_REGION', start)) found.rewrite = true
      return
    case 12:
      if (text.startsWith('TIMER_OUT_MS', start)) found.timerOut = true
      return
    case 14:
      if (text.startsWith('TIMER_DELAY_MS', start)) found.timer = true
      return
    case 15:
      if (text.startsWith('TIMER_DELAY_SEC', start)) found.timer = true
      return
    case 16:
      if (text.startsWith('TIMER_DELIVER_MS', start)) found.timer = true
      return
    case 24:
      if (text.startsWith('INNER_MULTI_QUEUE_OFFSET', start)) found.rewrite = true
  }
}

const [letterK, letterT, letterU, letterW] = [0x4b, 0x54, 0x55, 0x57]

function noteShort(found: SentProperties, text: string, start: number, middle: number, end: number): void {
  switch (text.charCodeAt(start)) {
    case letterT:
      if (text.startsWith('TAGS', start)) found.tags = text.slice(middle + 1, end)
      return
    case letterK:
      if (text.startsWith('KEYS', start)) found.keys = text.slice(middle + 1, end)
      return
    case letterW:
      if (text.startsWith('WAIT', start)) found.waitStoreOk = isTrue(text.slice(middle + 1, end))
  }
}

const isTrue = (value: string) => value === 'true' || value.toLowerCase() === 'true'

/** The text without the pieces that a record must not keep, and without those named. */
export function cleaned(text: string, removed: readonly string[] = []): string {
  let kept = ''
  for (const piece of text.split(valueEnd)) {
    const middle = piece.indexOf(nameEnd)
    if (middle <= 0 || middle === piece.length - 1) continue
    const name = piece.slice(0, middle)
    if (!ownNames.includes(name) && !removed.includes(name)) kept += piece + valueEnd
  }
  return kept
}
