import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MiB, seededRandom } from '@aerobee/base'
import { Producer } from '@aerobee/client'
import type { ByteStream } from '@aerobee/net'
import { commands, encodeFrame, newFrame } from '@aerobee/wire'
import { Load } from './history.test.js'
import { HealthyClients, RawPeer, RealPlace } from './real-place.test.js'
import { type Scene, serverHost, story } from './scene.test.js'

/** Peers that speak the protocol and misbehave by their timing. */

const topic = 'Big'
const queue = { topic, brokerName: 'broker-a', queueId: 0 }

/** 320 KiB that no compression makes smaller, in one queue. */
async function fill(place: RealPlace): Promise<void> {
  const random = seededRandom(1)
  const producer = await new Producer({ namesrvAddr: place.namesrvAddr, producerGroup: 'filler' }).start()
  for (let i = 0; i < 40; i++) await producer.send({ topic, body: random.bytes(8192) }, { queue })
  await producer.close()
}

function pulls(count: number): Uint8Array {
  const fields = commands.pullMessage.encodeRequest({
    consumerGroup: 'deaf',
    topic,
    queueId: 0,
    queueOffset: 0,
    maxMsgNums: 32,
    sysFlag: 4,
    commitOffset: 0,
    suspendTimeoutMillis: 0,
    subscription: '*',
    subVersion: 0,
  })
  const frames = Array.from({ length: count }, (_, i) =>
    encodeFrame(newFrame(commands.pullMessage.code, i, fields)),
  )
  return Buffer.concat(frames)
}

test('a thousand connections that pull and never read cost others nothing, and a bounded memory', {
  timeout: 120_000,
}, async (t) => {
  const place = await RealPlace.start()
  t.after(() => place.stop())
  await fill(place)
  const healthy = await HealthyClients.start(place)
  const before = process.memoryUsage().rss
  // Two and a half megabytes for each.
  const requests = pulls(10)
  const deaf: RawPeer[] = []
  t.after(() => {
    for (const peer of deaf) peer.destroy()
  })
  let most = 0
  for (let i = 0; i < 1000; i++) {
    const peer = await RawPeer.connect(place.brokerAddr)
    peer.socket.pause()
    peer.socket.write(requests)
    deaf.push(peer)
    if (i % 20 === 0) most = Math.max(most, process.memoryUsage().rss)
  }
  await healthy.more(50)
  most = Math.max(most, process.memoryUsage().rss)
  assert.ok(most - before < 1200 * MiB, `${Math.round((most - before) / MiB)} MiB more`)
  await healthy.stop()
  assert.ok(healthy.slowestMs < 3000, `a healthy send took ${healthy.slowestMs} ms`)
})

/** A connection of its own machine that is never read from. */
function connect(scene: Scene, port: number): Promise<{ stream: ByteStream; isOpen: () => boolean }> {
  return scene.clock.resolve(
    scene
      .transport()
      .connect({ host: serverHost, port }, { timeoutMs: 1000 })
      .then((stream) => {
        let open = true
        stream.attach({
          received: () => {},
          drained: () => {},
          closed: () => {
            open = false
          },
        })
        return { stream, isOpen: () => open }
      }),
  )
}

story('one byte every 10 s: closed before its frame is whole, and nobody waits for it', {}, async (scene) => {
  const { clock, history } = scene
  const load = await Load.start(scene, 'p', 500)
  await clock.advance(500)
  await scene.consumer('c')
  const frame = encodeFrame(newFrame(105, 1, { topic: 'Orders' }))
  const slow = []
  for (const port of [9876, 10911, 10909]) for (let i = 0; i < 40; i++) slow.push(await connect(scene, port))
  for (let at = 0; at < 3; at++) {
    for (const { stream, isOpen } of slow) if (isOpen()) stream.write(frame.subarray(at, at + 1))
    await clock.advance(10_000)
  }
  assert.equal(slow.filter(({ isOpen }) => isOpen()).length, 0)
  await load.stop()
  await scene.settle()
  assert.ok(history.acknowledged > 50)
})

story('connections that send nothing are closed after two minutes', {}, async (scene) => {
  const silent = []
  for (const port of [9876, 10911, 10909]) silent.push(await connect(scene, port))
  await scene.clock.advance(115_000)
  assert.equal(silent.filter(({ isOpen }) => isOpen()).length, 3)
  await scene.clock.advance(10_000)
  assert.equal(silent.filter(({ isOpen }) => isOpen()).length, 0)
})
