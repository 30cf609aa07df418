import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import { decodeProperties, type MessageRecord, readTotalSize } from '@aerobee/wire'
import { type FixtureName, fixtureDisk, type ManifestMessage, manifestOf } from './fixture-store.test.js'
import { Scene } from './store-scene.test.js'

/** Store directories written by RocketMQ 5.3.3 (testdata), with what its own pull client read from them. */

const names: FixtureName[] = ['clean', 'crash', 'torn']

function assertSame(record: MessageRecord, expected: ManifestMessage, where: string): void {
  assert.equal(record.queueOffset, expected.queueOffset, where)
  assert.equal(record.physicalOffset, expected.physicalOffset, where)
  assert.equal(record.totalSize, expected.size, where)
  assert.equal(record.storeTimestamp, expected.storeTimestamp, where)
  assert.equal(record.bornTimestamp, expected.bornTimestamp, where)
  assert.equal(record.flag, expected.flag, where)
  assert.equal(record.bodyCrc, expected.bodyCRC, where)
  assert.equal(record.reconsumeTimes, expected.reconsumeTimes, where)
  assert.equal(record.preparedTransactionOffset, expected.preparedTransactionOffset, where)
  const properties = Object.fromEntries(decodeProperties(record.properties))
  assert.deepEqual(properties, expected.properties, where)
}

async function assertReadsBack(scene: Scene, name: FixtureName): Promise<number> {
  const { topics, systemTopics } = manifestOf(name)
  let count = 0
  for (const [topic, queues] of Object.entries({ ...topics, ...systemTopics })) {
    for (const [queueId, { minOffset, maxOffset, messages }] of Object.entries(queues)) {
      const where = `${topic} queue ${queueId}`
      assert.equal(scene.store.minOffset(topic, Number(queueId)), minOffset, where)
      assert.equal(scene.store.maxOffset(topic, Number(queueId)), maxOffset, where)
      const records = await scene.readAll(topic, Number(queueId))
      assert.equal(records.length, messages.length, where)
      for (const [i, record] of records.entries()) assertSame(record, messages[i]!, `${where} message ${i}`)
      count += records.length
    }
  }
  return count
}

for (const name of names) {
  test(`every message of the store "${name}" reads back, and again after a stop and after a kill`, async () => {
    const first = await Scene.started({ disk: fixtureDisk(name) })
    const { messagesTotal, commitLogValidEnd } = manifestOf(name)
    assert.equal(await assertReadsBack(first, name), messagesTotal)
    assert.equal(first.store.status().maxPhysicalOffset, commitLogValidEnd)
    const second = await first.restarted()
    assert.equal(await assertReadsBack(second, name), messagesTotal)
    const third = await second.killed()
    assert.equal(await assertReadsBack(third, name), messagesTotal)
  })

  test(`the store "${name}" goes on where RocketMQ left it`, async () => {
    const scene = await Scene.started({ disk: fixtureDisk(name) })
    const { topics, commitLogValidEnd } = manifestOf(name)
    const { maxOffset } = topics.StRoll!['0']!
    const [sent] = await scene.send(1, { topic: 'StRoll' })
    assert.equal(sent!.outcome.status, 'PUT_OK')
    assert.equal(sent!.outcome.queueOffset, maxOffset)
    assert.equal(sent!.outcome.physicalOffset, commitLogValidEnd)
    const next = await scene.restarted()
    const records = await next.readAll('StRoll', 0)
    assert.equal(records.length, maxOffset + 1)
    assert.equal(Buffer.from(records.at(-1)!.body).toString(), 'body 0')
  })

  test(`messages of the store "${name}" are found by key and by place`, async () => {
    const scene = await Scene.started({ disk: fixtureDisk(name) })
    const { topics } = manifestOf(name)
    const known = topics.StNormal!['0']!.messages
    for (const expected of [known[0]!, known.at(-1)!]) {
      const uniqKey = expected.properties.UNIQ_KEY!
      assert.equal((await scene.byKey('StNormal', uniqKey)).length, 1)
      const record = await scene.clock.resolve(scene.store.recordAt(expected.physicalOffset))
      assert.equal(record?.length, expected.size)
      assert.equal(readTotalSize(new DataView(record!.buffer, record!.byteOffset), 0), expected.size)
    }
  })
}

test('queue entries with their tag code in an extension file give the code of the record', async () => {
  const scene = await Scene.started({ disk: fixtureDisk('clean') })
  const seen: number[] = []
  const outcome = await scene.clock.resolve(
    Promise.resolve(
      scene.store.read({
        topic: 'StNormal',
        queueId: 0,
        offset: 0,
        maxCount: 32,
        maxBytes: 1 << 20,
        matchTagsCode: (code) => seen.push(code) > 0,
      }),
    ),
  )
  assert.equal(outcome.status, 'FOUND')
  assert.ok(seen.length >= 32)
  assert.ok(seen.every((code) => Math.abs(code) <= 0x8000_0000))
})

test('what RocketMQ stored is left as it is: the log keeps its bytes', async () => {
  const disk = fixtureDisk('clean')
  const digest = (from: typeof disk) =>
    ['00000000000000000000', '00000000000000065536']
      .map((name) => from.readFileSync(`/store/commitlog/${name}`)!)
      .map((bytes) => createHash('sha256').update(bytes).digest('hex'))
  const before = digest(disk)
  const scene = await Scene.started({ disk })
  await scene.stop()
  assert.deepEqual(digest(disk), before)
})
