import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Random, seededRandom } from '@aerobee/base'
import { decodeFrame, encodeFrame, type Frame, isOneway } from '@aerobee/wire'
import { type Captured, loadCapture, RawClient, type Scene, scene } from './captures.test.js'

const seed = Number(process.env.SEED ?? 20_261)
const requestsOf = (files: readonly string[]) => files.flatMap((file) => loadCapture(file).requests)
const captured = requestsOf(['send', 'pull', 'heartbeat', 'offsets', 'locks', 'steering'])
/** With those of administrators, which may close the broker to others. */
const everything = [
  ...captured,
  ...requestsOf(['admin', 'query', 'recall', 'request-reply', 'send-back', 'transaction']),
]

const connect = async ({ clock, transport, broker }: Scene) => {
  const target = { host: '127.0.0.1', port: broker.endpoint.port }
  return new RawClient(await clock.resolve(transport.connect(target, { timeoutMs: 1000 })))
}

/** Bytes of the request with some of them changed, the length of the frame left alone. */
function withFlippedBytes({ bytes }: Captured, random: Random): Uint8Array {
  const changed = Buffer.from(bytes)
  for (let i = 0; i <= random.below(4); i++) changed[4 + random.below(changed.length - 4)] = random.below(256)
  return changed
}

const nasty: readonly string[] = [
  '',
  '-1',
  '2147483647',
  '-2147483648',
  '9007199254740991',
  'null',
  '../../etc',
  '%RETRY%',
  'a\0b',
  '界'.repeat(200),
  'x'.repeat(10_000),
  '__proto__',
]

/** The request with one field, or the body, replaced by what no client sends. */
function withNastyField({ request }: Captured, random: Random): Uint8Array {
  const frame: Frame = { ...request, extFields: { ...request.extFields } }
  const names = Object.keys(frame.extFields!)
  const value = nasty[random.below(nasty.length)]!
  if (names.length > 0 && random.below(4) > 0) frame.extFields![names[random.below(names.length)]!] = value
  else frame.body = random.below(2) === 0 ? Buffer.from(value) : random.bytes(random.below(200))
  return encodeFrame(frame)
}

async function storm(mutate: (request: Captured, random: Random) => Uint8Array): Promise<void> {
  const random = seededRandom(seed)
  const started = await scene({ autoCreateTopicEnable: true }, 1_795_510_000_000)
  let client = await connect(started)
  for (let i = 0; i < 600; i++) {
    if (client.closed) client = await connect(started)
    client.stream.write(mutate(captured[random.below(captured.length)]!, random))
    await started.clock.settle()
  }
  await checkAlive(started)
  await started.clock.advance(130_000)
  await checkAlive(started)
  await started.clock.resolve(started.broker.stop())
}

/** A peer that behaves is served as if nothing had been. */
async function checkAlive(started: Scene): Promise<void> {
  const client = await connect(started)
  for (const id of [
    'send-0001',
    'pull-0012',
    'heartbeat-0001',
    'offsets-0002',
    'offsets-0010',
    'locks-0004',
  ]) {
    const { bytes, request } = captured.find((line) => line.id === id)!
    client.stream.write(bytes)
    await started.clock.settle()
    const answer = client.frames.find(({ opaque, flag }) => opaque === request.opaque && flag === 1)
    assert.ok(answer, `${id} is answered, seed ${seed}`)
    // 26: nobody has made the group of the commit.
    assert.ok(isOneway(request) || [0, 1, 26].includes(answer.code), `${id}: ${answer.code}, seed ${seed}`)
  }
  client.stream.end()
}

/** Why it was refused, where clients want to hear it, and no mistake of ours. */
function says(code: number, remark: string | null): boolean {
  if (/TypeError|RangeError|Cannot (read|set)|is not a function|not iterable|\n +at /.test(remark ?? ''))
    return false
  return code === 0 || code === 604 || (remark ?? '') !== ''
}

test('requests with flipped bytes cost nobody else anything', () => storm(withFlippedBytes))

test('requests with fields that no client sends cost nobody else anything', () => storm(withNastyField))

test('every answer to a nasty request is a frame with a remark', async () => {
  const random = seededRandom(seed)
  const started = await scene({ autoCreateTopicEnable: true }, 1_795_510_000_000)
  for (const request of everything) {
    const client = await connect(started)
    const bytes = withNastyField(request, random)
    client.stream.write(bytes)
    await started.clock.advance(25_000)
    const sent = decodeFrame(bytes)
    assert.ok(sent.ok)
    const answers = client.frames.filter(({ flag }) => (flag & 1) !== 0)
    assert.equal(answers.length, isOneway(sent.value) ? 0 : 1, `${request.id}, seed ${seed}`)
    for (const { code, remark } of answers)
      assert.ok(says(code, remark), `${request.id}: ${code} ${remark}, seed ${seed}`)
    client.stream.destroy()
  }
  await started.clock.resolve(started.broker.stop())
})
