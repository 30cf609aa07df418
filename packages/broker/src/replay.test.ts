import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beatOf, fillQueues, gist, loadCapture, replay, type Scene, scene } from './captures.test.js'

/** Answers that differ from the captured ones, by id, with our code and why. */
type Deviations = Readonly<Record<string, readonly [code: number, why: string]>>

const illegal = 'an illegal expression is refused, where RocketMQ delivers everything'

async function compare(
  file: string,
  deviations: Deviations,
  before: (scene: Scene) => Parameters<typeof replay>[2] = () => ({}),
): Promise<void> {
  const capture = loadCapture(file)
  const replayed = await scene({ enablePropertyFilter: true }, capture.requests[0]!.atMs)
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
    'send-0029': [1, 'a missing field is named, instead of a stack trace'],
    'send-0030': [13, 'an empty body is an illegal message, instead of a stack trace'],
  }))

test('pulls are answered as Java 5.3.3 answers them', () =>
  compare(
    'pull',
    {
      'pull-0009': [23, illegal],
      'pull-0029': [23, illegal],
    },
    ({ config }) => ({
      'pull-0058': (send) => send(beatOf('GID_mm', 'FixNormal', 'TagA')),
      'pull-0063': () => {
        config.autoCreateSubscriptionGroup = false
      },
      'pull-0068': (send) => send(beatOf('GID_bin', 'FixBin')),
    }),
  ))

test('heartbeats and what follows them are answered as Java 5.3.3 answers them', () =>
  compare('heartbeat', {}))

test('questions for offsets are answered as Java 5.3.3 answers them', () =>
  compare('offsets', { 'offsets-0027': [3, 'slaves are not served yet'] }, () => ({
    'offsets-0034': (send) => send(beatOf('GID_bin2', 'FixBin')),
  })))

test('queue locks are answered as Java 5.3.3 answers them', () => compare('locks', {}))

test('requests with a reply are answered, and the reply is brought, as Java 5.3.3 does it', () =>
  compare('request-reply', {}))

test('timer messages are taken back, or not, as Java 5.3.3 answers it', () =>
  compare('recall', { 'recall-0003': [0, 'no remark that nothing was set'] }, ({ config }) => ({
    'recall-0001': () => {
      config.recallMessageEnable = true
    },
  })))
