import assert from 'node:assert/strict'
import { isAerobeeError } from '@aerobee/base'
import { Load } from './history.test.js'
import { type Scene, story } from './scene.test.js'

/** The disk of a running broker fails or fills up: sends are refused with the reason, reads go on. */

const log = /commitlog\//

async function refusal(scene: Scene, name: string): Promise<{ code: number; text: string }> {
  const producer = await scene.producer(name, { retryTimesWhenSendFailed: 0 })
  const error = await scene.clock.resolve(scene.history.send(producer, name, 0))
  assert.ok(isAerobeeError(error, 'BROKER_ERROR'), `${error instanceof Error ? error : error.status}`)
  return { code: error.responseCode!, text: error.message }
}

for (const flushDiskType of ['ASYNC_FLUSH', 'SYNC_FLUSH'])
  story(
    `after one EIO of a datasync nothing is acknowledged any more, ${flushDiskType}`,
    { brokerConfig: { flushDiskType } },
    async (scene) => {
      const { clock, history, disk } = scene
      const load = await Load.start(scene, 'p1')
      const more = await Load.start(scene, 'p2')
      await clock.advance(500)
      await scene.consumer('c')
      await clock.advance(1000 + scene.random.below(1000))
      let failed = false
      disk.fail({ call: 'datasync', path: log })
      await clock.runUntil(() => {
        failed ||= scene.log.some((line) => line.includes('datasync'))
        return failed
      }, 30_000)
      // Answers that were on their way.
      await clock.advance(5)
      const acknowledged = history.acknowledged
      const datasyncs = disk.totals(log).datasyncs
      await clock.advance(8000)
      assert.equal(history.acknowledged, acknowledged)
      assert.equal(disk.totals(log).datasyncs, datasyncs, 'a failed file is not asked again')
      const { code, text } = await refusal(scene, 'p3')
      assert.equal(code, 14)
      assert.match(text, /A datasync of the commit log failed: .*EIO/)
      await load.stop()
      await more.stop()
      // What was readable stays so.
      await scene.consumer('late', { consumerGroup: 'late' })
      await scene.settle(['readers', 'late'])
      scene.kill()
      await scene.restart()
      await clock.advance(2000)
      const producer = await scene.producer('p4')
      await clock.resolve(history.send(producer, 'p4', 0))
      assert.equal(history.acknowledged, acknowledged + 1)
      await scene.settle(['readers', 'late'])
    },
  )

story(
  'a full disk refuses sends, serves reads, and takes sends again without a restart',
  { seeds: 2 },
  async (scene) => {
    const { clock, history, disk } = scene
    const load = await Load.start(scene, 'p1')
    await clock.advance(500)
    await scene.consumer('c')
    await clock.advance(1500)
    const { totalBytes, usableBytes } = disk.spaceSync('/')
    assert.equal(totalBytes, usableBytes)
    fillUp(scene)
    await clock.advance(4000)
    const { code, text } = await refusal(scene, 'p2')
    assert.equal(code, 14)
    assert.match(text, /disk is full/)
    const acknowledged = history.acknowledged
    await clock.advance(1000)
    assert.equal(history.acknowledged, acknowledged)
    await scene.consumer('late', { consumerGroup: 'late' })
    await scene.settle(['readers', 'late'])
    disk.setCapacity(2 ** 40)
    await clock.advance(15_000)
    assert.ok(history.acknowledged > acknowledged, scene.tell())
    await load.stop()
    await scene.settle(['readers', 'late'])
  },
)

/** Leaves no page free. */
function fillUp(scene: Scene): void {
  const { disk } = scene
  disk.setCapacity(2 ** 39)
  const used = 2 ** 39 - disk.spaceSync('/').usableBytes
  disk.setCapacity(used)
}
