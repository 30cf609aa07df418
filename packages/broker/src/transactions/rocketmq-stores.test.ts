import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { archivedDisk, VirtualClock } from '@aerobee/testkit'
import { decodeProperties, propertyText } from '@aerobee/wire'
import { restoredMessage } from '../delivery/restored.js'
import { halfTopic, type Outcome, opTopic, TransactionScene } from './transaction-scene.test.js'

/** Stores that RocketMQ 5.3.3 wrote: two transactions committed, one rolled back, one waits at offset 2. */
const stores = { clean: 1795512400000, crash: 1795511300000, torn: 1795511300000 } as const

for (const [name, startMs] of Object.entries(stores))
  for (const outcome of ['commit', 'rollback'] as const)
    test(`the half that waits in the store "${name}" of RocketMQ is asked for, and ends with a ${outcome}`, async () => {
      const path = new URL(`../../../store/testdata/${name}.tar.gz`, import.meta.url)
      const config = {
        brokerClusterName: 'StoreCluster',
        brokerName: 'broker-s',
        mappedFileSizeCommitLog: 65_536,
        mappedFileSizeConsumeQueue: 2000,
        enableConsumeQueueExt: true,
        fileReservedTime: 8760,
      }
      const disk = archivedDisk(readFileSync(path))
      const first = await TransactionScene.started({ disk, config, clock: new VirtualClock(startMs) })
      const bodies = await first.bodies('StTx')
      const producer = first.producer({ group: 'PG_store_tx', answer: (): Outcome => outcome })
      await producer.beat()
      await first.clock.advance(90_000)
      assert.deepEqual(
        producer.checks.map(({ name, fields, record }) => [
          name,
          fields.tranStateTableOffset,
          decodeProperties(record.properties).get('TRANSACTION_CHECK_TIMES'),
        ]),
        [['tx unknown, still half', '4', '1']],
      )
      const now = outcome === 'commit' ? [...bodies, 'tx unknown, still half'] : bodies
      assert.deepEqual(await first.bodies('StTx'), now)
      const second = await first.restarted()
      const again = second.producer({ group: 'PG_store_tx', answer: (): Outcome => outcome })
      await again.beat()
      await second.clock.advance(90_000)
      assert.deepEqual([again.checks, await second.bodies('StTx')], [[], now])
      assert.equal((await second.bodies(opTopic)).at(-1), '2,4,')
      await second.stop()
    })

test('a half and its copy, both left by a Java broker that was killed, are one transaction', async () => {
  const first = await TransactionScene.started()
  const half = await first.producer().prepare('m')
  const [record] = await first.queue(halfTopic)
  const copy = restoredMessage(record!, {
    topic: halfTopic,
    queueId: 0,
    properties: record!.properties + propertyText('TRANSACTION_CHECK_TIMES', '1'),
  })
  await first.clock.resolve(new Promise((resolve) => first.store.append(copy, resolve)))
  const second = await first.killed()
  const producer = second.producer({ answer: (): Outcome => 'commit' })
  await producer.beat()
  await second.clock.advance(60_000)
  assert.equal((await producer.end(half, 'commit')).code, 1)
  assert.deepEqual([await second.bodies('T'), producer.checks.length], [['m'], 1])
})
