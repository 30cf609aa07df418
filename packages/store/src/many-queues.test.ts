import assert from 'node:assert/strict'
import test from 'node:test'
import { FaultFileSystem } from '@aerobee/testkit'
import { message, Scene } from './store-scene.test.js'

const options = { mappedFileSizeCommitLog: 1 << 26, mappedFileSizeConsumeQueue: 6_000_000 }
const topics = 60
const queuesPerTopic = 50

test('thousands of queues open with a few small reads each', async () => {
  const disk = new FaultFileSystem()
  const scene = await Scene.started({ disk, options })
  for (let round = 0; round < 2; round++) {
    for (let topic = 0; topic < topics; topic++) {
      for (let queueId = 0; queueId < queuesPerTopic; queueId++) {
        scene.store.append(message(`${round}`, { topic: `T${topic}`, queueId, keys: 'k' }), () => {})
      }
    }
    await scene.clock.settle()
  }
  await scene.stop()
  const image = disk.afterKill()
  const next = await Scene.started({ disk: image, options })
  const queueReads = image.totals(/\/consumequeue\//)
  assert.ok(queueReads.reads <= 2 * topics * queuesPerTopic, `${queueReads.reads} reads`)
  assert.ok(queueReads.bytesRead <= 40 * topics * queuesPerTopic, `${queueReads.bytesRead} bytes`)
  const logReads = image.totals(/\/commitlog\//)
  assert.ok(logReads.bytesRead < 2 ** 21, `${logReads.bytesRead} bytes of the log`)
  assert.equal(next.store.queues().size, topics)
  assert.equal(next.store.maxOffset('T59', 49), 2)
  assert.deepEqual(await next.bodies('T57', 3), ['0', '1'])
})

test('few files are open at a time, however many queues are written', async () => {
  const opened = new Map<string, number>()
  let open = 0
  let most = 0
  const disk = new FaultFileSystem()
  const plainOpen = disk.openSync.bind(disk)
  disk.openSync = (path, how) => {
    const file = plainOpen(path, how)
    if (!path.includes('/consumequeue/')) return file
    open += 1
    most = Math.max(most, open)
    opened.set(path, (opened.get(path) ?? 0) + 1)
    const close = file.closeSync.bind(file)
    file.closeSync = () => {
      open -= 1
      close()
    }
    return file
  }
  const scene = await Scene.started({ disk, options, memory: { openFiles: 64 } })
  for (let queueId = 0; queueId < 1000; queueId++) scene.store.append(message('x', { queueId }), () => {})
  await scene.clock.advance(5000)
  assert.equal(opened.size, 1000)
  assert.ok(most <= 64, `${most} were open`)
  await scene.stop()
  assert.equal(open, 0)
})
