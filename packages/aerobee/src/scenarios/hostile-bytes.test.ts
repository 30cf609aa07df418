import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { MiB, type Random, seededRandom } from '@aerobee/base'
import { allCommands, commandsOf, encodeFrame, newFrame, requestCodes } from '@aerobee/wire'
import { HealthyClients, RawPeer, RealPlace } from './real-place.test.js'

/** Bytes that no client sends, over TCP, while a producer and a consumer do their work beside. */

const seed = Number(process.env.SEED ?? 7)
let place: RealPlace
let healthy: HealthyClients
const timeout = 60_000

before(async () => {
  place = await RealPlace.start()
  healthy = await HealthyClients.start(place)
})

after(async () => {
  await healthy.stop()
  assert.ok(healthy.slowestMs < 3000, `a healthy send took ${healthy.slowestMs} ms`)
  await place.stop()
})

const servers = () => [place.brokerAddr, place.namesrvAddr]

/** To both servers, from a connection of its own each; returns those peers. */
async function sendAll(payloads: readonly Uint8Array[]): Promise<RawPeer[]> {
  const peers = await Promise.all(
    servers().flatMap((address) =>
      payloads.map(async (payload) => {
        const peer = await RawPeer.connect(address)
        peer.socket.write(payload)
        return peer
      }),
    ),
  )
  return peers
}

const allClosed = (peers: readonly RawPeer[]) => Promise.all(peers.map((peer) => peer.closed))

/** A length field, a header length field with its type, then what is given. */
function frame(length: number, headerLength: number, type: number, rest: Uint8Array): Buffer {
  const head = Buffer.alloc(8)
  head.writeInt32BE(length | 0, 0)
  head.writeUInt32BE(((type << 24) | headerLength) >>> 0, 4)
  return Buffer.concat([head, rest])
}

const jsonFrame = (header: string, body = '') => {
  const bytes = Buffer.from(header)
  return frame(4 + bytes.length + body.length, bytes.length, 0, Buffer.concat([bytes, Buffer.from(body)]))
}

test(`random bytes close the connection, or wait for more (seed ${seed})`, { timeout }, async () => {
  const random = seededRandom(seed)
  const payloads = Array.from({ length: 60 }, () => random.bytes(1 + random.below(4096)))
  const peers = await sendAll(payloads)
  for (const peer of peers) peer.socket.end()
  await allClosed(peers)
  assert.ok(peers.every((peer) => peer.answers.size === 0))
})

test('wrong lengths close the connection', { timeout }, async () => {
  const body = Buffer.from('{"code":10}')
  const wrong = [0, 1, 3, -1, -2_147_483_648, 2_147_483_647, 16 * MiB + 1].map((length) =>
    frame(length, body.length, 0, body),
  )
  const wrongHeaders = [body.length + 1, 0xff_ffff].map((length) => frame(4 + body.length, length, 0, body))
  const wrongTypes = [2, 7, 127, 255].map((type) => frame(4 + body.length, body.length, type, body))
  await allClosed(await sendAll([...wrong, ...wrongHeaders, ...wrongTypes]))
})

test('huge headers and headers that are no object close the connection', { timeout }, async () => {
  const huge = `{"code":10,"extFields":{"a":"${'x'.repeat(300_000)}"}}`
  const deep = `{"code":10,"extFields":${'['.repeat(100_000)}`
  const many = `{"code":10,"extFields":{${Array.from({ length: 20_000 }, (_, i) => `"k${i}":"v"`).join()}}}`
  const none = ['', '1', 'null', '[]', '"code"', '{', '{"code":}', '{"code":10}}', '\0\0\0\0']
  await allClosed(await sendAll([huge, deep, many, ...none].map((header) => jsonFrame(header))))
})

test('deep and large JSON in bodies is answered with an error, fast', { timeout }, async () => {
  const bodies = [
    '['.repeat(1_000_000),
    `${'{"a":'.repeat(200_000)}1`,
    `{"consumerDataSet":[${'{},'.repeat(300_000)}{}]}`,
    `{"clientID":${'9'.repeat(100_000)}}`,
    '{"clientID":"a","clientID":"b","__proto__":{"x":1},"producerDataSet":{"a":1}}',
  ]
  const codes = allCommands.filter(({ requestBody }) => requestBody?.includes('JSON'))
  assert.ok(codes.length > 5)
  for (const [receiver, address] of [
    ['broker', place.brokerAddr],
    ['nameServer', place.namesrvAddr],
  ] as const) {
    const commands = codes.filter((command) => command.receiver === receiver)
    const peer = await RawPeer.connect(address)
    let opaque = 0
    for (const { code } of commands)
      for (const body of bodies) peer.send(newFrame(code, opaque++, {}, Buffer.from(body)))
    await peer.answered(opaque)
    assert.equal(peer.answers.size, opaque)
    for (const [i, command] of commands.entries())
      for (const [j, body] of bodies.entries()) {
        const { code, remark } = peer.answers.get(i * bodies.length + j)!
        // The last ones are JSON, of whatever; a request may pass over fields it does not know.
        assert.ok(
          (code !== 0 && remark) || (code === 0 && j >= 2),
          `${command.name} answers ${code} ${remark} to ${body.slice(0, 30)}`,
        )
      }
    peer.destroy()
  }
})

test('a code that nobody knows is answered with 3, and the connection goes on', { timeout }, async () => {
  for (const address of servers()) {
    const peer = await RawPeer.connect(address)
    const codes = [0, -1, 1, 9, 99, 4711, 32_767, 2_147_483_647, -2_147_483_648].filter(
      (code) => ![...requestCodes.values()].includes(code),
    )
    for (const [i, code] of codes.entries()) peer.send(newFrame(code, i))
    await peer.answered(codes.length)
    for (const answer of peer.answers.values()) {
      assert.equal(answer.code, 3)
      assert.match(answer.remark!, /request type .* not supported/)
    }
    peer.destroy()
  }
})

test('every request without a single field is answered, and the connection goes on', {
  timeout,
}, async () => {
  for (const [receiver, address] of [
    ['broker', place.brokerAddr],
    ['nameServer', place.namesrvAddr],
  ] as const) {
    const commands = commandsOf(receiver)
    const peer = await RawPeer.connect(address)
    for (const [i, { code }] of commands.entries()) peer.send(newFrame(code, i))
    await peer.answered(commands.length)
    assert.equal(peer.answers.size, commands.length)
    peer.destroy()
  }
})

test('half frames, then gone', { timeout }, async () => {
  const random = seededRandom(seed)
  const whole = encodeFrame(newFrame(310, 1, { a: 'healthy' }, Buffer.alloc(1000, 1)))
  const peers = await sendAll(Array.from({ length: 60 }, () => halfOf(whole, random)))
  for (const [i, peer] of peers.entries()) {
    if (i % 2 === 0) peer.socket.resetAndDestroy()
    else peer.socket.end()
  }
  await allClosed(peers)
  assert.ok(peers.every((peer) => peer.answers.size === 0))
})

const halfOf = (bytes: Uint8Array, random: Random) => bytes.subarray(0, 1 + random.below(bytes.length - 1))

test('answers that nobody asked for are dropped', { timeout }, async () => {
  for (const address of servers()) {
    const peer = await RawPeer.connect(address)
    for (let opaque = 0; opaque < 1000; opaque++) peer.send({ ...newFrame(0, opaque), flag: 1 })
    peer.send(newFrame(4711, 5))
    await peer.answered(1)
    assert.equal(peer.answers.size, 1)
    peer.destroy()
  }
})
