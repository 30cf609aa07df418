import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fillQueues, gist, loadCapture, replay, type Scene, scene } from './captures.test.js'

/** Answers that differ from the captured ones, by id, with our code and why. */
type Deviations = Readonly<Record<string, readonly [code: number, why: string]>>

const delays = 'delay levels and timer messages are not served yet: refused, not stored'
const sql = 'SQL92 is not served yet'

async function compare(
  file: string,
  deviations: Deviations,
  before: (scene: Scene) => Parameters<typeof replay>[2] = () => ({}),
): Promise<void> {
  const capture = loadCapture(file)
  const replayed = await scene({}, capture.requests[0]!.atMs)
  await fillQueues(replayed, capture)
  const { answers, notices } = await replay(replayed, capture, before(replayed))
  for (const { id, note, response } of capture.requests) {
    const deviation = deviations[id]
    const answer = answers.get(id)
    if (deviation) assert.equal(answer?.code, deviation[0], `${id} ${note}: ${deviation[1]}`)
    else assert.deepEqual(gist(answer), gist(response), `${id} ${note}`)
    if (deviation) assert.notDeepEqual(gist(answer), gist(response), `${id} deviates no more`)
  }
  for (const notice of capture.notices) assert.ok(notices.includes(notice), `notice ${notice}`)
  await replayed.clock.resolve(replayed.broker.stop())
}

test('sends are answered as Java 5.3.3 answers them', () =>
  compare('send', {
    'send-0009': [13, delays],
    'send-0010': [13, delays],
    'send-0011': [13, delays],
    'send-0012': [13, delays],
    'send-0013': [13, delays],
    'send-0031': [13, delays],
    'send-0029': [1, 'a missing field is named, instead of a stack trace'],
    'send-0030': [13, 'an empty body is an illegal message, instead of a stack trace'],
  }))

test('heartbeats and what follows them are answered as Java 5.3.3 answers them', () =>
  compare('heartbeat', { 'heartbeat-0027': [1, sql] }))

test('queue locks are answered as Java 5.3.3 answers them', () => compare('locks', {}))
