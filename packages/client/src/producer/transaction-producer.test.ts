import assert from 'node:assert/strict'
import test from 'node:test'
import { success } from '@aerobee/net'
import { commands, decodeProperties } from '@aerobee/wire'
import { FakeCluster } from '../fake-cluster.test.js'
import type { EndTransactionContext } from '../hooks.js'
import {
  type LocalTransactionState,
  type TransactionListener,
  TransactionProducer,
  type TransactionProducerOptions,
} from './transaction-producer.js'

async function started(listener: TransactionListener, more: Partial<TransactionProducerOptions> = {}) {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 2)
  const producer = cluster.use(
    new TransactionProducer({
      ...cluster.options(),
      producerGroup: 'p',
      transactionListener: listener,
      ...more,
    }),
  )
  await cluster.clock.resolve(producer.start())
  const ends = () => cluster.broker.seen(commands.endTransaction).map(({ fields }) => fields)
  return { cluster, producer, ends, resolve: <T>(promise: Promise<T>) => cluster.clock.resolve(promise) }
}

const never: TransactionListener = { checkLocalTransaction: () => 'UNKNOW' }

test('a half message is prepared, and its end follows the local transaction', async () => {
  const seen: EndTransactionContext[] = []
  const { cluster, producer, ends, resolve } = await started(
    {
      ...never,
      executeLocalTransaction: (_message, { argument }) => argument as LocalTransactionState,
    },
    { endTransactionHooks: [{ end: (context) => void seen.push(context) }] },
  )
  for (const argument of ['COMMIT_MESSAGE', 'ROLLBACK_MESSAGE', 'UNKNOW'] as const) {
    const message = { topic: 'T', body: 'x', delayLevel: 3 }
    const result = await resolve(producer.sendMessageInTransaction(message, { argument }))
    assert.equal(result.localTransactionState, argument)
    assert.equal(result.transactionId, result.messageId)
  }
  await cluster.pass(10)
  assert.deepEqual(
    ends().map(({ commitOrRollback }) => commitOrRollback),
    [8, 12, 0],
  )
  const { fields } = cluster.broker.seen(commands.sendMessageV2)[0]!
  const properties = decodeProperties(fields.properties as string)
  assert.equal(fields.sysFlag, 4)
  assert.deepEqual(
    ['TRAN_MSG', 'PGROUP', 'DELAY'].map((name) => properties.get(name)),
    ['true', 'p', undefined],
  )
  const {
    topic,
    producerGroup,
    tranStateTableOffset,
    commitLogOffset,
    msgId,
    fromTransactionCheck,
    brokerName,
  } = ends()[0]!
  assert.deepEqual(
    [topic, producerGroup, tranStateTableOffset, commitLogOffset, msgId, fromTransactionCheck, brokerName],
    ['T', 'p', 0, 0, properties.get('UNIQ_KEY'), false, 'broker-a'],
  )
  assert.deepEqual(
    seen.map(({ state }) => state),
    ['COMMIT_MESSAGE', 'ROLLBACK_MESSAGE', 'UNKNOW'],
  )
  await cluster.close()
})

test('a local transaction given with the send commits unless it says otherwise, and a throw leaves it open', async () => {
  const { cluster, producer, resolve } = await started(never)
  const send = (execute: () => Promise<LocalTransactionState | undefined>) =>
    resolve(producer.sendMessageInTransaction({ topic: 'T', body: 'x' }, { execute }))
  assert.equal((await send(async () => undefined)).localTransactionState, 'COMMIT_MESSAGE')
  assert.equal((await send(async () => 'ROLLBACK_MESSAGE')).localTransactionState, 'ROLLBACK_MESSAGE')
  const failed = send(async () => {
    throw new Error('no database')
  })
  assert.equal((await failed).localTransactionState, 'UNKNOW')
  await cluster.pass(10)
  assert.deepEqual(
    cluster.broker.seen(commands.endTransaction).map(({ frame }) => frame.remark),
    [null, null, 'executeLocalTransactionBranch exception: no database'],
  )
  await cluster.close()
})

test('a word that is no state leaves the transaction open, and is told of', async () => {
  const { cluster, producer, ends, resolve } = await started(never)
  const execute = () => 'commit' as LocalTransactionState
  const result = await resolve(producer.sendMessageInTransaction({ topic: 'T', body: 'x' }, { execute }))
  assert.equal(result.localTransactionState, 'UNKNOW')
  await cluster.pass(10)
  assert.equal(ends()[0]?.commitOrRollback, 0)
  assert.equal(cluster.lines(/the state of a transaction is commit: give COMMIT_MESSAGE or/).length, 1)
})

test('a half message that is not as safe as it should be is rolled back, and nothing local runs', async () => {
  let ran = false
  const { cluster, producer, ends, resolve } = await started({
    ...never,
    executeLocalTransaction: () => {
      ran = true
      return 'COMMIT_MESSAGE'
    },
  })
  cluster.broker.overrides.set(commands.sendMessageV2.code, () => ({
    ...success({ msgId: '0A00010100002A9F0000000000000000', queueId: 0, queueOffset: 0 }),
    code: 10,
  }))
  const result = await resolve(producer.sendMessageInTransaction({ topic: 'T', body: 'x' }))
  await cluster.pass(10)
  assert.deepEqual(
    [result.status, result.localTransactionState, ran],
    ['FLUSH_DISK_TIMEOUT', 'ROLLBACK_MESSAGE', false],
  )
  assert.equal(ends()[0]!.commitOrRollback, 12)
  await cluster.close()
})

test('the broker asks, and is answered at its address with what the check says', async () => {
  const checked: string[] = []
  const { cluster, producer, ends, resolve } = await started({
    executeLocalTransaction: () => 'UNKNOW',
    checkLocalTransaction: async (message) => {
      checked.push(message.text())
      if (checked.length === 1) throw new Error('no database')
      return 'COMMIT_MESSAGE' as const
    },
  })
  const { messageId } = await resolve(producer.sendMessageInTransaction({ topic: 'T', body: 'x' }))
  await cluster.pass(31_000)
  const half = [0, 1].flatMap((queueId) => cluster.broker.queues.queue('T', queueId)!)[0]!
  const connection = cluster.broker.requests.at(-1)!.connection
  for (let i = 0; i < 2; i++)
    connection.notify(
      commands.checkTransactionState,
      {
        topic: 'T',
        tranStateTableOffset: 40 + i,
        commitLogOffset: 50,
        msgId: messageId,
        transactionId: messageId,
        brokerName: 'broker-a',
      },
      { body: half.record },
    )
  await cluster.pass(10)
  assert.deepEqual(checked, ['x', 'x'])
  const answers = ends().slice(1)
  assert.deepEqual(
    answers.map(({ commitOrRollback, fromTransactionCheck, tranStateTableOffset, msgId }) => [
      commitOrRollback,
      fromTransactionCheck,
      tranStateTableOffset,
      msgId,
    ]),
    [
      [0, true, 40, messageId],
      [8, true, 41, messageId],
    ],
  )
  assert.deepEqual(
    cluster.broker.seen(commands.endTransaction).map(({ frame }) => frame.remark),
    [null, 'checkLocalTransactionState Exception: no database', null],
  )
  await cluster.close()
})

test('checks run one at a time, and those that are too many are left to the next asking', async () => {
  let atWork = 0
  let most = 0
  let count = 0
  const { cluster, producer, resolve } = await started(
    {
      executeLocalTransaction: () => 'UNKNOW',
      checkLocalTransaction: async () => {
        count++
        most = Math.max(most, ++atWork)
        await new Promise<void>((go) => void cluster.clock.after(100, go))
        atWork--
        return 'COMMIT_MESSAGE' as const
      },
    },
    { checkRequestHoldMax: 3 },
  )
  await resolve(producer.sendMessageInTransaction({ topic: 'T', body: 'x' }))
  await cluster.pass(31_000)
  const half = [0, 1].flatMap((queueId) => cluster.broker.queues.queue('T', queueId)!)[0]!
  const connection = cluster.broker.requests.at(-1)!.connection
  for (let i = 0; i < 6; i++)
    connection.notify(
      commands.checkTransactionState,
      { tranStateTableOffset: i, commitLogOffset: 0 },
      { body: half.record },
    )
  await cluster.pass(2000)
  assert.deepEqual([most, count], [1, 4])
  assert.equal(cluster.lines(/transaction checks wait; one more is dropped/).length, 2)
  await cluster.close()
})

test('a producer without a listener cannot be made', () => {
  const options = { namesrvAddr: 'a:1', producerGroup: 'p' } as TransactionProducerOptions
  assert.throws(() => new TransactionProducer(options), /TransactionListener is null/)
})
