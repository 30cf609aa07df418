// What members of a group wrote down about the calls of their listeners, and what must be true of all of it together.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

/**
 * One call of a listener.
 * @typedef {object} Span
 * @property {string} member
 * @property {bigint} begin ns of the machine's monotonic clock
 * @property {bigint | undefined} end undefined when the member was killed meanwhile
 * @property {number} queueId
 * @property {number} offset
 * @property {number} n
 */

/**
 * Lines "B time queueId offset n" and "E time queueId offset n". A line that a killed member left half counts for nothing.
 * @param {string} file
 * @param {string} member
 * @returns {Span[]}
 */
export function readSpans(file, member) {
  /** @type {Map<string, Span>} what began and has not ended, by place */
  const open = new Map()
  /** @type {Span[]} */
  const spans = []
  const whole = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  for (const line of whole) {
    const [what, time, queueId, offset, n] = line.split(' ')
    const place = `${queueId}@${offset}`
    const begun = open.get(place)
    if (what === 'B') {
      const span = {
        member,
        begin: BigInt(time),
        end: undefined,
        queueId: Number(queueId),
        offset: Number(offset),
        n: Number(n),
      }
      spans.push(span)
      open.set(place, span)
    } else if (begun) {
      begun.end = BigInt(time)
      open.delete(place)
    }
  }
  return spans
}

/** @param {Span} span */
const text = ({ member, queueId, offset, begin, end }) =>
  `${member}: queue ${queueId} offset ${offset} from ${begin / 1000n} to ${end === undefined ? 'its death' : end / 1000n} µs`

/** Every message that was acknowledged was finished by somebody. @param {Span[]} spans @param {Iterable<number>} sent */
export function assertNothingLost(spans, sent) {
  const finished = new Set(spans.filter(({ end }) => end !== undefined).map(({ n }) => n))
  const lost = [...sent].filter((n) => !finished.has(n))
  assert.deepEqual(lost.slice(0, 5), [], `${lost.length} messages were lost, such as these`)
}

/**
 * In each queue no two calls at once, and no call for a message before all before it were finished. Deliveries again
 * after a change of the member are right.
 * @param {Span[]} spans
 */
export function assertOrderly(spans) {
  const queues = new Set(spans.map(({ queueId }) => queueId))
  for (const queueId of queues) {
    const own = spans.filter((span) => span.queueId === queueId)
    own.sort((a, b) => (a.begin < b.begin ? -1 : 1))
    let next = 0
    /** @type {Span | undefined} */
    let last
    for (const span of own) {
      if (last?.end !== undefined)
        assert.ok(span.begin >= last.end, `two listeners at once:\n  ${text(last)}\n  ${text(span)}`)
      assert.ok(
        span.offset <= next,
        `offset ${next} was passed over:\n  ${last ? text(last) : 'nothing'}\n  ${text(span)}`,
      )
      if (span.end !== undefined) next = Math.max(next, span.offset + 1)
      last = span
    }
  }
}

/** How often messages came again. @param {Span[]} spans */
export const again = (spans) => spans.length - new Set(spans.map(({ n }) => n)).size
