// Clients of Java and Go, and ours, on the two sides of one topic: each reads what the other wrote, and answers its requests.
import assert from 'node:assert/strict'
import { Scene } from '../conformance/scene.mjs'
import { assertIsSample, sample } from '../lib/samples.mjs'
import { importClient } from '../lib/tools.mjs'

/** @typedef {import('../lib/suite.mjs').Context} Context */
/** @typedef {import('../lib/suite.mjs').Need} Need */
/** @typedef {import('../lib/driver.mjs').Driver} Driver */
/**
 * @typedef {object} Other
 * @property {Need} need
 * @property {'Java' | 'Go'} language
 * @property {string} name
 * @property {readonly ('ZLIB' | 'LZ4' | 'ZSTD')[]} compressTypes what it can read
 */

const requestTimeoutMs = 40_000
const singles = 60
const batched = 16

/** @param {Driver} theirs @param {Scene} scene */
async function theirsSends(theirs, scene) {
  const { namesrv, broker, topic } = scene
  await theirs.run('fill', { namesrv, broker, topic, count: singles })
  /** @type {Set<number>} */
  const seen = new Set()
  /** @type {unknown[]} */
  const faults = []
  await scene.pushConsumer().run((message) => {
    try {
      seen.add(assertIsSample(message))
    } catch (fault) {
      faults.push(fault)
    }
  })
  const count = singles + batched
  await scene.until(() => seen.size + faults.length >= count, `${count} messages`)
  if (faults.length > 0) throw faults[0]
}

/** @param {Driver} theirs @param {Scene} scene @param {Other} other */
async function oursSends(theirs, scene, other) {
  const { namesrv, topic } = scene
  const types = other.compressTypes
  for (const [i, compressType] of types.entries()) {
    const producer = await scene.producer({ producerGroup: `${topic}-${compressType}`, compressType })
    for (let n = i; n < singles; n += types.length) await producer.send(sample(topic, n))
    if (i > 0) continue
    const numbers = Array.from({ length: batched }, (_, n) => singles + n)
    await producer.sendBatch(numbers.map((n) => sample(topic, n)))
  }
  await theirs.run('receive', { namesrv, topic, count: singles + batched })
}

/** @param {Driver} theirs @param {Scene} scene @param {Other} other */
async function theirsAnswers(theirs, scene, other) {
  const { namesrv, topic } = scene
  await scene.makeTopic()
  const answering = theirs.start('reply', { namesrv, topic })
  const producer = await scene.producer()
  for (const body of ['one', 'two', 'größer']) {
    const reply = await producer.request({ topic, body }, { timeoutMs: requestTimeoutMs })
    assert.equal(reply.text(), `${other.language}: ${body}`)
  }
  await answering.stop()
}

/** @param {Driver} theirs @param {Scene} scene */
async function oursAnswers(theirs, scene) {
  const { namesrv, topic } = scene
  await scene.makeTopic()
  const producer = await scene.producer({ producerGroup: `${topic}-ours` })
  await scene.pushConsumer().run(async (request) => {
    await producer.reply(request, `ours: ${request.text()}`)
  })
  for (const body of ['one', 'größer']) {
    const { reply } = await theirs.run('request', { namesrv, topic, body })
    assert.equal(reply, `ours: ${body}`)
  }
}

/** @type {[name: (other: string) => string, run: (theirs: Driver, scene: Scene, other: Other) => Promise<void>][]} */
const exchanges = [
  [(other) => `${other} sends, ours receives`, theirsSends],
  [(other) => `ours sends, ${other} receives`, oursSends],
  [(other) => `ours asks, ${other} answers`, theirsAnswers],
  [(other) => `${other} asks, ours answers`, oursAnswers],
]

/** @type {Other[]} */
const others = [
  { need: 'java-5.3.3', language: 'Java', name: 'Java 5.3.3', compressTypes: ['ZLIB', 'LZ4', 'ZSTD'] },
  { need: 'java-4.9.8', language: 'Java', name: 'Java 4.9.8', compressTypes: ['ZLIB', 'LZ4', 'ZSTD'] },
  { need: 'go', language: 'Go', name: 'Go', compressTypes: ['ZLIB'] },
]

export const exchangeSuite = {
  name: 'exchange',
  proves: 'clients of Java and Go read what ours writes and answer its requests, and the other way round',
  needs: others.map(({ need }) => need),
  /** @param {Context} context */
  async run(context) {
    const { servers, target: kind } = context
    const { namesrv, broker } = await servers.startCluster(kind, { store: context.folder('store') })
    const dir = context.folder('client')
    const surroundings = { client: await importClient(), namesrv, broker, kind, dir, mqadmin: undefined }
    for (const other of others) {
      const theirs = await context.startDriver(other.need)
      for (const [name, run] of exchanges) {
        // A request of the client 5.3.3 fails as soon as it was stored, unless the reply was faster.
        if (run === oursAnswers && other.need === 'java-5.3.3') continue
        await context.case(name(other.name), async () => {
          const scene = new Scene(surroundings, `${run.name}-${other.need.replaceAll('.', '-')}`)
          await run(theirs, scene, other).finally(() => scene.end())
        })
      }
      await theirs.stop()
    }
  },
}
