import assert from 'node:assert/strict'
import test from 'node:test'
import type { FaultFileSystem } from '@aerobee/testkit'
import { decodeBatch, findProperty, type MessageRecord, systemFlags } from '@aerobee/wire'
import { archiveDisk } from './fixture-store.test.js'
import { Scene } from './store-scene.test.js'

/**
 * A store that RocketMQ 5.3.3 stopped in order: topic Batch of type BatchCQ with two queues of 120 records each, and topic
 * Many, of whose 130 messages %LMQ%all shows all and %LMQ%odd every second.
 */
const options = { enableLmq: true, enableMultiDispatch: true }
const disk = () => archiveDisk('queue-types')
const started = (on: FaultFileSystem) => Scene.started({ disk: on, options })

const textsOf = ({ sysFlag, body }: MessageRecord): string[] => {
  if ((sysFlag & systemFlags.innerBatch) === 0) return [Buffer.from(body).toString()]
  const items = decodeBatch(body)
  assert.ok(items.ok)
  return items.value.map((item) => Buffer.from(item.body).toString())
}

async function assertReadsBack(scene: Scene) {
  const bodies: string[] = []
  for (const queueId of [0, 1]) {
    const records = await scene.readAll('Batch', queueId)
    assert.equal(records.length, 120)
    let next = 0
    for (const record of records) {
      const texts = textsOf(record)
      assert.equal(record.queueOffset, next)
      if (texts.length > 1) assert.equal(findProperty(record.properties, 'INNER_BASE'), String(next))
      next += texts.length
      bodies.push(...texts)
    }
    assert.equal(scene.store.minOffset('Batch', queueId), 0)
    assert.equal(scene.store.maxOffset('Batch', queueId), next)
  }
  assert.equal(new Set(bodies).size, bodies.length)
  const all = Array.from({ length: 130 }, (_, i) => `l${i}`)
  assert.deepEqual(await scene.bodies('%LMQ%all'), all)
  assert.deepEqual(
    await scene.bodies('%LMQ%odd'),
    all.filter((_, i) => i % 2 === 1),
  )
}

/** Every queue file below a directory, by path. */
function queueFiles(on: FaultFileSystem): Map<string, string> {
  const files = new Map<string, string>()
  for (const kind of ['batchconsumequeue', 'consumequeue'])
    for (const topic of on.listSync(`/store/${kind}`))
      for (const queueId of on.listSync(`/store/${kind}/${topic}`))
        for (const name of on.listSync(`/store/${kind}/${topic}/${queueId}`)) {
          const path = `/store/${kind}/${topic}/${queueId}/${name}`
          files.set(path, Buffer.from(on.readFileSync(path)!).toString('hex'))
        }
  return files
}

test('every record of a batch queue and of a light message queue reads back, after a stop and after a kill', async () => {
  const first = await started(disk())
  await assertReadsBack(first)
  const second = await first.restarted({ options })
  await assertReadsBack(second)
  await assertReadsBack(await second.killed({ options }))
})

test('queues that were lost are made again from the log, byte by byte as RocketMQ had them', async () => {
  const written = queueFiles(disk())
  assert.equal(written.size, 9)
  const on = disk()
  for (const kind of ['batchconsumequeue', 'consumequeue']) on.removeTreeSync(`/store/${kind}`)
  const scene = await started(on)
  await assertReadsBack(scene)
  await scene.stop()
  assert.deepEqual(queueFiles(on), written)
})

test('the offsets of both go on where RocketMQ left them', async () => {
  const scene = await started(disk())
  const ends = ['Batch', '%LMQ%all', '%LMQ%odd'].map((topic) => scene.store.maxOffset(topic, 0))
  const more = 'INNER_MULTI_DISPATCH\u0001%LMQ%odd\u0002'
  await scene.send(1, { topic: 'Batch' })
  await scene.send(1, { topic: 'Many', more })
  const after = ['Batch', '%LMQ%all', '%LMQ%odd'].map((topic) => scene.store.maxOffset(topic, 0))
  assert.deepEqual(after, [ends[0]! + 1, ends[1], ends[2]! + 1])
})
