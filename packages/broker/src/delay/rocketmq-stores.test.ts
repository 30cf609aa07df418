import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { archivedDisk, VirtualClock } from '@aerobee/testkit'
import { decodeProperties, defaultDelayLevels, type MessageRecord } from '@aerobee/wire'
import { DelayScene, schedule } from './delay-scene.test.js'

/**
 * Stores that RocketMQ 5.3.3 wrote: a message of level 1, one of level 2 and two retries were delivered, one of level
 * 18 (2 h) waits.
 */
const stores = { clean: '1795512400000', crash: '1795511300000', torn: '1795511300000' } as const

const keysOf = (records: readonly MessageRecord[]) =>
  records.map(({ properties }) => decodeProperties(properties).get('KEYS'))

for (const [name, startMs] of Object.entries(stores)) {
  test(`what waits in the store "${name}" of RocketMQ is delivered when it is due, and nothing again`, async () => {
    const disk = archivedDisk(
      readFileSync(new URL(`../../../store/testdata/${name}.tar.gz`, import.meta.url)),
    )
    const config = { messageDelayLevel: defaultDelayLevels }
    const clock = new VirtualClock(Number(startMs))
    const first = await DelayScene.started({ disk, clock, config })
    const retried = keysOf(await first.records('%RETRY%GID_store_retry'))
    const [waiting] = await first.records(schedule, 17)
    const dueAt = waiting!.storeTimestamp + 7_200_000
    await clock.advance(dueAt - clock.wallMs() - 1)
    assert.deepEqual(keysOf(await first.records('StDelay')), ['kd1', 'kd2'])
    const second = await first.restarted()
    await clock.advance(2)
    const delivered = await second.records('StDelay')
    assert.deepEqual(keysOf(delivered), ['kd1', 'kd2', 'kd18'])
    const { properties, body, bornTimestamp, bornHost, storeTimestamp } = delivered.at(-1)!
    assert.deepEqual(
      { properties, body, bornTimestamp, bornHost },
      {
        properties: waiting!.properties,
        body: waiting!.body,
        bornTimestamp: waiting!.bornTimestamp,
        bornHost: waiting!.bornHost,
      },
    )
    assert.ok(storeTimestamp >= dueAt && storeTimestamp <= dueAt + 1)
    assert.deepEqual(keysOf(await second.records('%RETRY%GID_store_retry')), retried)
    await second.stop()
    const file = JSON.parse(
      Buffer.from(second.disk.readFileSync('/store/config/delayOffset.json')!)
        .toString()
        .replace(/([{,])(\d+):/g, '$1"$2":'),
    )
    assert.deepEqual([file.offsetTable[1], file.offsetTable[2], file.offsetTable[18]], [3, 1, 1])
  })
}

test('the dead letters of a store of RocketMQ are there to be read', async () => {
  const disk = archivedDisk(readFileSync(new URL('../../../store/testdata/clean.tar.gz', import.meta.url)))
  const scene = await DelayScene.started({ disk, clock: new VirtualClock(Number(stores.clean)) })
  const letters = await scene.records('%DLQ%GID_store_retry')
  assert.deepEqual(keysOf(letters), ['kr0', 'kr1'])
  assert.deepEqual(
    letters.map(({ properties }) => decodeProperties(properties).get('RETRY_TOPIC')),
    ['StRetry', 'StRetry'],
  )
  await scene.stop()
})
