import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { success } from '@aerobee/net'
import { commands } from '@aerobee/wire'
import { FakeCluster } from '../fake-cluster.test.js'
import { Producer } from './producer.js'
import { decodeRecallHandle } from './recall.js'

interface Vector {
  handle?: string
  topic?: string
  brokerName?: string
  timestamp?: string
  messageId?: string
  decodeOnly?: string | null
  result?: { error?: string; message?: string }
}
const { vectors } = JSON.parse(
  readFileSync(new URL('../../testdata/recall-handle.json', import.meta.url), 'utf8'),
) as { vectors: Vector[] }

test('handles are read as Java reads them', () => {
  for (const { handle, topic, brokerName, timestamp, messageId, decodeOnly, result } of vectors) {
    const decoded = decodeRecallHandle(handle ?? decodeOnly ?? '')
    if (handle !== undefined)
      assert.deepEqual(decoded, { ok: true, value: { topic, brokerName, timestamp, messageId } })
    else if (result?.error) assert.deepEqual(decoded, { ok: false, reason: result.message }, `${decodeOnly}`)
    else assert.ok(decoded.ok, `${decodeOnly}`)
  }
})

test('a delayed message is taken back at the broker that holds it', async () => {
  const cluster = await FakeCluster.start(2)
  cluster.createTopic('T')
  const producer = cluster.use(new Producer({ ...cluster.options(), producerGroup: 'p' }))
  await cluster.clock.resolve(producer.start())
  const handle = Buffer.from('v1 T broker-b 1700000000000 ID1').toString('base64url')
  cluster.brokers[1]!.overrides.set(commands.recallMessage.code, () => success({ msgId: 'ID1' }))
  assert.equal(await cluster.clock.resolve(producer.recallMessage('T', handle)), 'ID1')
  const { topic, recallHandle, producerGroup } = cluster.brokers[1]!.seen(commands.recallMessage)[0]!.fields
  assert.deepEqual([topic, recallHandle, producerGroup], ['T', handle, 'p'])
  await assert.rejects(producer.recallMessage('%RETRY%g', handle), /topic is not supported/)
  await assert.rejects(producer.recallMessage('T', 'abc'), /recall handle is invalid/)
  await cluster.close()
})
