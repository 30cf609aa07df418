import assert from 'node:assert/strict'
import test from 'node:test'
import { failure } from '@aerobee/net'
import { commands, responseCodes } from '@aerobee/wire'
import { FakeCluster } from '../fake-cluster.test.js'
import type { ProducerOptions } from './options.js'
import { Producer } from './producer.js'

async function started(more: Partial<ProducerOptions>) {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 2)
  const producer = cluster.use(new Producer({ ...cluster.options(), producerGroup: 'p', ...more }))
  await cluster.clock.resolve(producer.start())
  const sends = () => cluster.broker.seen(commands.sendMessageV2)
  return { cluster, producer, sends, resolve: <T>(promise: Promise<T>) => cluster.clock.resolve(promise) }
}

test('sends wait while too much is under way, in their turn, and a signal ends the waiting', async () => {
  const { cluster, producer, sends, resolve } = await started({ backPressureForAsyncSendNum: 10 })
  await resolve(producer.queues('T'))
  const answers: (() => void)[] = []
  cluster.broker.overrides.set(
    commands.sendMessageV2.code,
    () => new Promise((answer) => answers.push(() => answer(failure(responseCodes.MESSAGE_ILLEGAL, 'no')))),
  )
  const sending = Array.from({ length: 12 }, () => producer.send({ topic: 'T', body: 'x' }).catch(() => {}))
  const controller = new AbortController()
  const cancelled = assert.rejects(
    producer.send({ topic: 'T', body: 'x' }, { signal: controller.signal }),
    /enough/,
  )
  await cluster.pass(100)
  assert.equal(sends().length, 10)
  controller.abort(new Error('enough'))
  await resolve(cancelled)
  answers[0]!()
  await cluster.pass(10)
  assert.equal(sends().length, 11)
  while (answers.length > 0) {
    answers.shift()!()
    await cluster.pass(10)
  }
  await resolve(Promise.all(sending))
  await cluster.close()
})

test('a send that had to wait for too long says so', async () => {
  const { cluster, producer, resolve } = await started({
    backPressureForAsyncSendNum: 10,
    sendMsgTimeout: 500,
  })
  await resolve(producer.queues('T'))
  cluster.broker.overrides.set(commands.sendMessageV2.code, () => new Promise(() => {}))
  const options = { timeoutMs: 2000 }
  const first = Array.from({ length: 10 }, () =>
    producer.send({ topic: 'T', body: 'x' }, options).catch(() => {}),
  )
  await resolve(
    assert.rejects(producer.send({ topic: 'T', body: 'x' }), /tryAcquire semaphoreAsyncNum timeout/),
  )
  await resolve(Promise.all(first))
  await cluster.close()
})

test('bytes are bounded as well as counts, and one message larger than all may go alone', async () => {
  const { cluster, producer, sends, resolve } = await started({
    backPressureForAsyncSendSize: 1024 * 1024,
    compressMsgBodyOverHowmuch: 0x7fff_ffff,
  })
  await resolve(producer.queues('T'))
  const body = new Uint8Array(700 * 1024).fill(1)
  const sending = [producer.send({ topic: 'T', body }), producer.send({ topic: 'T', body })]
  await cluster.clock.settle()
  assert.ok(sends().length <= 1)
  await resolve(Promise.all(sending))
  await resolve(producer.send({ topic: 'T', body: new Uint8Array(1100 * 1024).fill(1) }))
  assert.equal(sends().length, 3)
  await cluster.close()
})

test('close fails the sends that wait', async () => {
  const { cluster, producer, resolve } = await started({ backPressureForAsyncSendNum: 10 })
  await resolve(producer.queues('T'))
  cluster.broker.overrides.set(commands.sendMessageV2.code, () => new Promise(() => {}))
  const under = Array.from({ length: 10 }, () => assert.rejects(producer.send({ topic: 'T', body: 'x' })))
  const waiting = assert.rejects(producer.send({ topic: 'T', body: 'x' }), /closed while a send waited/)
  await cluster.pass(10)
  await resolve(producer.close())
  await resolve(Promise.all([...under, waiting]))
  await cluster.close()
})
