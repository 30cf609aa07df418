import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import test from 'node:test'
import { abortable } from '@aerobee/base'
import { commands } from '@aerobee/wire'
import { connect } from './client.js'
import { FakeCluster } from './fake-cluster.test.js'
import { LitePullConsumer } from './lite-pull-consumer/lite-pull-consumer.js'
import type { ClientOptions } from './options.js'
import { Producer } from './producer/producer.js'
import { TransactionProducer } from './producer/transaction-producer.js'
import { PushConsumer } from './push-consumer/push-consumer.js'

const queue = { topic: 'T', brokerName: 'broker-a', queueId: 0 }
const message = { topic: 'T', body: 'x' }
const unknown = { topic: 'Unknown', body: 'x' }
const handle = Buffer.from('v1 T broker-a 1700000000000 ID1').toString('base64url')

type Call = (signal: AbortSignal) => Promise<unknown>

/** A cluster whose client `start` makes, and which is cut off afterwards. */
async function cutOff<T>(start: (options: ClientOptions, cluster: FakeCluster) => Promise<T>) {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  const options = cluster.options()
  const client = await start(options, cluster)
  const heal = () => {
    for (const server of ['10.0.0.9', cluster.broker.host]) cluster.network.heal(options.host, server)
  }
  for (const server of ['10.0.0.9', cluster.broker.host]) cluster.network.cut(options.host, server)
  return { cluster, client, heal }
}

/** Begins every call while nothing answers, gives it up, and wants it to end at once and with the reason. */
async function givesUp(cluster: FakeCluster, calls: Record<string, Call>): Promise<void> {
  for (const [name, call] of Object.entries(calls)) {
    const giveUp = new AbortController()
    const reason = new Error(`enough of ${name}`)
    let outcome: unknown = 'open'
    call(giveUp.signal).then(
      () => {
        outcome = 'done'
      },
      (thrown) => {
        outcome = thrown
      },
    )
    await cluster.pass(50)
    assert.equal(outcome, 'open', `${name} is under way`)
    giveUp.abort(reason)
    await cluster.pass(0)
    assert.equal(outcome, reason, name)
    assert.equal(getEventListeners(giveUp.signal, 'abort').length, 0, `${name} leaves no listener`)
    await assert.rejects(call(AbortSignal.abort(reason)), (thrown) => thrown === reason, `${name}, too late`)
  }
}

test('every call of a producer ends with the reason of its signal, and leaves nothing behind', async () => {
  const { cluster, client, heal } = await cutOff(async (options, one) => {
    const producer = one.use(new Producer({ ...options, producerGroup: 'p' }))
    await one.clock.resolve(producer.start())
    await one.clock.resolve(producer.send(message))
    return producer
  })
  await givesUp(cluster, {
    send: (signal) => client.send(message, { signal }),
    'send to a topic without route': (signal) => client.send(unknown, { signal }),
    'send to a queue': (signal) => client.send(message, { queue, signal }),
    'send by a selector': (signal) => client.send(unknown, { selector: (queues) => queues[0], signal }),
    sendBatch: (signal) => client.sendBatch([message, message], { signal }),
    'sendOneway to a topic without route': (signal) => client.sendOneway(unknown, { signal }),
    request: (signal) => client.request(message, { signal }),
    'request to a topic without route': (signal) => client.request(unknown, { signal }),
    recallMessage: (signal) => client.recallMessage('T', handle, { signal }),
    queues: (signal) => client.queues('Unknown', { signal }),
  })
  heal()
  await cluster.close()
})

test('the preparing of a transaction ends with the reason of its signal', async () => {
  const { cluster, client, heal } = await cutOff(async (options, one) => {
    const transactionListener = { checkLocalTransaction: () => 'UNKNOW' as const }
    const producer = one.use(new TransactionProducer({ ...options, producerGroup: 'p', transactionListener }))
    await one.clock.resolve(producer.start())
    await one.clock.resolve(producer.send(message))
    return producer
  })
  let executed = false
  const execute = () => {
    executed = true
  }
  await givesUp(cluster, {
    prepare: (signal) => client.sendMessageInTransaction(message, { signal, execute }),
  })
  assert.equal(executed, false)
  heal()
  await cluster.close()
})

test('every call of a lite pull consumer ends with the reason of its signal', async () => {
  const { cluster, client, heal } = await cutOff(async (options, one) => {
    const lite = one.use(new LitePullConsumer({ ...options, consumerGroup: 'g' }).subscribe('T'))
    await one.clock.resolve(lite.start())
    one.broker.put({ topic: 'T', queueId: 0, body: 'x' })
    await one.clock.resolve(lite.poll())
    return lite
  })
  await givesUp(cluster, {
    seek: (signal) => client.seek(queue, 0, { signal }),
    seekToBegin: (signal) => client.seekToBegin(queue, { signal }),
    seekToEnd: (signal) => client.seekToEnd(queue, { signal }),
    commit: (signal) => client.commit([[queue, 1]], { signal }),
    'committed of another topic': (signal) => client.committed({ ...queue, topic: 'Other' }, { signal }),
    offsetForTimestamp: (signal) => client.offsetForTimestamp(queue, 0, { signal }),
    fetchMessageQueues: (signal) => client.fetchMessageQueues('Unknown', { signal }),
    poll: (signal) => client.poll({ signal }),
    batches: (signal) => client.batches({ signal }).next(),
    messages: (signal) => client.messages({ signal }).next(),
  })
  heal()
  await cluster.close()
})

test('every start ends with the reason of its signal, and closes what it had opened', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T')
  const unreachable = (more: Partial<ClientOptions> = {}) => {
    const options = cluster.options(more)
    for (const server of ['10.0.0.9', cluster.broker.host]) cluster.network.cut(options.host, server)
    return options
  }
  const closed: string[] = []
  await givesUp(cluster, {
    Producer: (signal) =>
      new Producer({ ...unreachable(), producerGroup: 'p', topics: ['T'] })
        .on('closed', () => closed.push('Producer'))
        .start({ signal }),
    PushConsumer: (signal) =>
      new PushConsumer({ ...unreachable(), consumerGroup: 'g' })
        .on('closed', () => closed.push('PushConsumer'))
        .subscribe('T')
        .run(() => {}, { signal }),
    'messages of a PushConsumer': (signal) =>
      new PushConsumer({ ...unreachable(), consumerGroup: 'g' }).subscribe('T').messages({ signal }).next(),
    LitePullConsumer: (signal) =>
      new LitePullConsumer({ ...unreachable(), consumerGroup: 'g' }).subscribe('T').start({ signal }),
    connect: (signal) => connect({ ...unreachable(), waitForBroker: 10_000, signal }),
    'a producer that waits for a broker': (signal) =>
      new Producer({ ...unreachable(), producerGroup: 'p' }).start({ waitForBroker: 10_000, signal }),
  })
  await cluster.pass(10_000)
  assert.deepEqual(new Set(closed), new Set(['Producer', 'PushConsumer']))
  await cluster.close()
})

test('a loop over the messages of a push consumer ends with the reason of its signal, and closes the consumer', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  const consumer = cluster.use(
    new PushConsumer({ ...cluster.options(), consumerGroup: 'g', from: 'earliest' }),
  )
  cluster.broker.put({ topic: 'T', queueId: 0, body: 'm0' })
  const giveUp = new AbortController()
  const seen: string[] = []
  const loop = async () => {
    for await (const one of consumer.subscribe('T').messages({ signal: giveUp.signal })) seen.push(one.text())
  }
  const ended = loop()
  await cluster.clock.runUntil(() => seen.length === 1)
  giveUp.abort('enough')
  await cluster.clock.resolve(assert.rejects(ended, (reason) => reason === 'enough'))
  assert.deepEqual(consumer.assignment(), [])
  await cluster.close()
})

test('a loop over lite messages that is given up reads the message in hand again', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  for (let i = 0; i < 3; i++) cluster.broker.put({ topic: 'T', queueId: 0, body: `m${i}` })
  const lite = cluster.use(
    new LitePullConsumer({ ...cluster.options(), consumerGroup: 'g', from: 'earliest' }),
  )
  await cluster.clock.resolve(lite.subscribe('T').start())
  const giveUp = new AbortController()
  const messages = lite.messages({ signal: giveUp.signal })
  const first = await cluster.clock.resolve(messages.next())
  giveUp.abort('enough')
  await assert.rejects(messages.next(), (reason) => reason === 'enough')
  const again = await cluster.clock.resolve(lite.messages().next())
  assert.deepEqual([first.value?.text(), again.value?.text()], ['m0', 'm1'])
  await cluster.close()
})

test('what is waited for may go on after the signal, and its failure is nobody’s', async () => {
  const giveUp = new AbortController()
  const waiting = abortable(Promise.reject(new Error('late')), giveUp.signal)
  giveUp.abort('enough')
  await assert.rejects(waiting, (reason) => reason === 'enough')
  assert.equal(await abortable(Promise.resolve(1), new AbortController().signal), 1)
})

test('a local transaction that has begun is carried to its end, whatever the signal says', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  const transactionListener = { checkLocalTransaction: () => 'UNKNOW' as const }
  const producer = cluster.use(
    new TransactionProducer({ ...cluster.options(), producerGroup: 'p', transactionListener }),
  )
  await cluster.clock.resolve(producer.start())
  const giveUp = new AbortController()
  const execute = () => giveUp.abort('enough')
  const sending = producer.sendMessageInTransaction(message, { signal: giveUp.signal, execute })
  assert.equal((await cluster.clock.resolve(sending)).localTransactionState, 'COMMIT_MESSAGE')
  await cluster.pass(10)
  assert.deepEqual(
    cluster.broker.seen(commands.endTransaction).map(({ fields }) => fields.commitOrRollback),
    [8],
  )
  await cluster.close()
})

test('who waits for a close may leave, and it comes to its end', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  const options = cluster.options()
  const roles = [
    await connect(cluster.options()),
    new Producer({ ...options, producerGroup: 'p' }),
    new PushConsumer({ ...options, consumerGroup: 'c' }),
    new LitePullConsumer({ ...options, consumerGroup: 'l' }),
  ]
  for (const role of roles) {
    const reason = new Error('enough')
    const closing = role.close({ signal: AbortSignal.abort(reason) })
    await assert.rejects(cluster.clock.resolve(closing), (thrown) => thrown === reason)
    await cluster.clock.resolve(role.close())
  }
})
