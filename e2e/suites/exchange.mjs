// Java clients and ours on the two sides of one topic: each reads what the other wrote, and answers its requests.
import assert from 'node:assert/strict'
import { Scene } from '../conformance/scene.mjs'
import { assertIsSample, sample } from '../lib/samples.mjs'
import { importClient } from '../lib/tools.mjs'

/** @typedef {import('../lib/suite.mjs').Context} Context */
/** @typedef {import('../lib/suite.mjs').Need} Need */
/** @typedef {import('../lib/driver.mjs').Driver} Driver */

const requestTimeoutMs = 40_000
const singles = 60
const batched = 16

/** @param {Driver} java @param {Scene} scene */
async function javaSends(java, scene) {
  const { namesrv, topic } = scene
  await java.run('fill', { namesrv, topic, count: singles })
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

/** @param {Driver} java @param {Scene} scene */
async function oursSends(java, scene) {
  const { namesrv, topic } = scene
  const types = /** @type {const} */ (['ZLIB', 'LZ4', 'ZSTD'])
  for (const [i, compressType] of types.entries()) {
    const producer = await scene.producer({ producerGroup: `${topic}-${compressType}`, compressType })
    for (let n = i; n < singles; n += types.length) await producer.send(sample(topic, n))
    if (i > 0) continue
    const numbers = Array.from({ length: batched }, (_, n) => singles + n)
    await producer.sendBatch(numbers.map((n) => sample(topic, n)))
  }
  await java.run('receive', { namesrv, topic, count: singles + batched })
}

/** @param {Driver} java @param {Scene} scene */
async function javaAnswers(java, scene) {
  const { namesrv, topic } = scene
  await scene.makeTopic()
  const answering = java.start('reply', { namesrv, topic })
  const producer = await scene.producer()
  for (const body of ['one', 'two', 'größer']) {
    const reply = await producer.request({ topic, body }, { timeoutMs: requestTimeoutMs })
    assert.equal(reply.text(), `Java: ${body}`)
  }
  await answering.stop()
}

/** @param {Driver} java @param {Scene} scene */
async function oursAnswers(java, scene) {
  const { namesrv, topic } = scene
  await scene.makeTopic()
  const producer = await scene.producer({ producerGroup: `${topic}-ours` })
  await scene.pushConsumer().run(async (request) => {
    await producer.reply(request, `ours: ${request.text()}`)
  })
  for (const body of ['one', 'größer']) {
    const { reply } = await java.run('request', { namesrv, topic, body })
    assert.equal(reply, `ours: ${body}`)
  }
}

/** @type {[name: (java: string) => string, run: (java: Driver, scene: Scene) => Promise<void>][]} */
const exchanges = [
  [(java) => `${java} sends, ours receives`, javaSends],
  [(java) => `ours sends, ${java} receives`, oursSends],
  [(java) => `ours asks, ${java} answers`, javaAnswers],
  [(java) => `${java} asks, ours answers`, oursAnswers],
]

export const exchangeSuite = {
  name: 'exchange',
  proves: 'Java clients read what ours writes and answer its requests, and the other way round',
  needs: /** @type {Need[]} */ (['java-5.3.3', 'java-4.9.8']),
  /** @param {Context} context */
  async run(context) {
    const { servers, target: kind } = context
    const { namesrv, broker } = await servers.startCluster(kind, { store: context.folder('store') })
    const dir = context.folder('client')
    const surroundings = { client: await importClient(), namesrv, broker, kind, dir, mqadmin: undefined }
    for (const version of /** @type {const} */ (['5.3.3', '4.9.8'])) {
      const java = await context.startDriver(`java-${version}`)
      for (const [name, run] of exchanges) {
        // A request of the client 5.3.3 fails as soon as it was stored, unless the reply was faster.
        if (run === oursAnswers && version === '5.3.3') continue
        await context.case(name(`Java ${version}`), async () => {
          const scene = new Scene(surroundings, `${run.name}-${version.replaceAll('.', '-')}`)
          await run(java, scene).finally(() => scene.end())
        })
      }
      await java.stop()
    }
  },
}
