import assert from 'node:assert/strict'
import test from 'node:test'
import { isAerobeeError } from '@aerobee/base'
import { success } from '@aerobee/net'
import { bodies, commands } from '@aerobee/wire'
import { Client, connect } from './client.js'
import { FakeCluster } from './fake-cluster.test.js'
import { parseNamesrvAddr } from './name-servers.js'
import { Producer } from './producer/producer.js'
import { PushConsumer } from './push-consumer/push-consumer.js'

const send = (cluster: FakeCluster, producer: Producer) =>
  cluster.clock.resolve(producer.send({ topic: 'T', body: 'x' }))

test('name server addresses are read in every form, and what is none is refused', () => {
  assert.deepEqual(parseNamesrvAddr('a:1;b:2'), ['a:1', 'b:2'])
  assert.deepEqual(parseNamesrvAddr(' a:1 , [::1]:9876 ;'), ['a:1', '[::1]:9876'])
  assert.deepEqual(parseNamesrvAddr('http://MQ_INST_1_2.example:8080'), ['MQ_INST_1_2.example:8080'])
  for (const wrong of ['a', 'a:b', 'a:1:2', 'a:123456'])
    assert.throws(() => parseNamesrvAddr(wrong), /expected host:port, several separated by ;/)
  assert.throws(() => new Client({ namesrvAddr: '' }), /No name server address, please set it/)
})

test('a name server that is gone is passed over for the next one, by many calls at once too', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T')
  for (let i = 0; i < 6; i++) cluster.createTopic(`T${i}`)
  const namesrvAddr = `10.0.0.8:9876;${cluster.namesrvAddr};10.0.0.7:9876`
  const producer = cluster.use(new Producer({ ...cluster.options({ namesrvAddr }), producerGroup: 'p' }))
  await cluster.clock.resolve(producer.start())
  const topics = Array.from({ length: 6 }, (_, i) => `T${i}`)
  await cluster.clock.resolve(Promise.all(topics.map((topic) => producer.send({ topic, body: 'x' }))))
  await cluster.clock.resolve(cluster.stopNameServer())
  await cluster.clock.resolve(
    assert.rejects(producer.send({ topic: 'New', body: 'x' }), (thrown) => {
      assert.ok(isAerobeeError(thrown, 'CONNECT_FAILED'))
      assert.match(
        thrown.message,
        /No name server answers at 10\.0\.0\.8:9876, 10\.0\.0\.9:9876, 10\.0\.0\.7:9876/,
      )
      return true
    }),
  )
  // A route that is known is enough.
  await cluster.clock.resolve(producer.send({ topic: 'T0', body: 'x' }))
  await cluster.close()
})

test('name servers come from an endpoint, which is asked again and again', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T')
  let answer = `${cluster.namesrvAddr}\nand more`
  const asked: string[] = []
  const { namesrvAddr: _addr, ...options } = cluster.options()
  const producer = cluster.use(
    new Producer({
      ...options,
      producerGroup: 'p',
      namesrvEndpoint: 'http://names.example/rocketmq/nsaddr',
      surroundings: {
        ...options.surroundings!,
        fetchText: async (url) => {
          asked.push(url)
          return answer
        },
      },
    }),
  )
  await cluster.clock.resolve(producer.start())
  await send(cluster, producer)
  answer = '10.0.0.8:9876'
  await cluster.pass(130_000)
  assert.deepEqual(asked.slice(0, 2), Array(2).fill('http://names.example/rocketmq/nsaddr'))
  await cluster.clock.resolve(assert.rejects(producer.send({ topic: 'New', body: 'x' }), /10\.0\.0\.8:9876/))
  answer = 'nonsense'
  await cluster.pass(130_000)
  assert.ok(cluster.lines(/fetching name server addresses failed/).length > 0)
  await cluster.close()
})

test('an endpoint that does not answer at the start is an error of the first send, not of the start', async () => {
  const cluster = await FakeCluster.start()
  const { namesrvAddr: _addr, ...options } = cluster.options()
  const fetchText = () => Promise.reject(new Error('no network'))
  const producer = cluster.use(
    new Producer({
      ...options,
      producerGroup: 'p',
      namesrvEndpoint: 'http://names.example',
      surroundings: { ...options.surroundings!, fetchText },
    }),
  )
  await cluster.clock.resolve(producer.start())
  await cluster.clock.resolve(
    assert.rejects(producer.send({ topic: 'T', body: 'x' }), /No name server address, please set it/),
  )
  await cluster.close()
})

test('advertised addresses may be dialled elsewhere', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T')
  const real = cluster.broker.address
  const ways = [{ addressMap: { [real]: '10.0.5.5:1' } }, { rewriteBrokerAddress: () => '10.0.5.5:1' }]
  for (const way of ways) {
    const producer = cluster.use(new Producer({ ...cluster.options(way), producerGroup: 'p' }))
    await cluster.clock.resolve(producer.start())
    await cluster.clock.resolve(
      assert.rejects(producer.send({ topic: 'T', body: 'x' }), (thrown) => {
        assert.match(
          (thrown as Error).message,
          /advertises 10\.0\.1\.1:10911, which addressMap or rewriteBrokerAddress made 10\.0\.5\.5:1/,
        )
        return true
      }),
    )
  }
  await cluster.close()
})

test('beats tell who is here: at once to a broker that was just reached, then every thirty seconds', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T')
  const producer = cluster.use(new Producer({ ...cluster.options(), producerGroup: 'p' }))
  await cluster.clock.resolve(producer.start())
  await send(cluster, producer)
  await cluster.pass(95_000)
  const beats = cluster.broker.seen(commands.heartbeat)
  assert.ok(beats.length === 4, `${beats.length}`)
  assert.ok(beats[0]!.atMs < 100)
  const body = bodies.heartbeatData.decode(beats[0]!.frame.body)
  assert.ok(body.ok)
  assert.deepEqual(
    [body.value.clientID, body.value.producerDataSet, body.value.consumerDataSet],
    ['10.0.0.101@c1', [{ groupName: 'p' }], []],
  )
  await cluster.close()
})

test('beats of version 2 leave out what the broker knows, until it says that it does not', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T')
  const consumer = cluster.use(
    new PushConsumer({ ...cluster.options({ useHeartbeatV2: true }), consumerGroup: 'g' }),
  )
  consumer.subscribe('T')
  await cluster.clock.resolve(consumer.run(() => {}))
  await cluster.pass(3000)
  const beats = () =>
    cluster.broker.seen(commands.heartbeat).map(({ frame }) => {
      const body = bodies.heartbeatData.decode(frame.body)
      assert.ok(body.ok)
      const { withoutSub, heartbeatFingerprint, consumerDataSet } = body.value
      return {
        withoutSub,
        heartbeatFingerprint,
        subscriptions: consumerDataSet[0]!.subscriptionDataSet.length,
      }
    })
  const full = beats().at(-1)!
  assert.deepEqual([full.withoutSub, full.subscriptions], [false, 2])
  assert.notEqual(full.heartbeatFingerprint, 0)
  await cluster.pass(32_000)
  const short = beats().at(-1)!
  assert.deepEqual(short, {
    withoutSub: true,
    heartbeatFingerprint: full.heartbeatFingerprint,
    subscriptions: 0,
  })
  cluster.broker.overrides.set(commands.heartbeat.code, () =>
    success({ supportsHeartbeatV2: true, subscriptionChanged: true }),
  )
  await cluster.pass(32_000)
  cluster.broker.overrides.clear()
  await cluster.pass(32_000)
  assert.equal(beats().at(-1)!.withoutSub, false)
  await cluster.close()
})

test('connect gives a client that roles share, and waits when told to', async () => {
  const cluster = await FakeCluster.start()
  const client = cluster.use(
    await cluster.clock.resolve(connect({ ...cluster.options(), waitForBroker: 5000 })),
  )
  assert.match(client.clientId, /^10\.0\.0\.101@c1$/)
  await cluster.clock.resolve(cluster.broker.stop())
  await cluster.clock.resolve(
    assert.rejects(connect({ ...cluster.options(), waitForBroker: 1000 }), (thrown) =>
      isAerobeeError(thrown, 'TIMEOUT'),
    ),
  )
  await cluster.close()
})

test('two clients in one process never meet', async () => {
  const one = await FakeCluster.start()
  const two = await FakeCluster.start()
  for (const cluster of [one, two]) {
    cluster.createTopic('T')
    const producer = cluster.use(new Producer({ ...cluster.options(), producerGroup: 'p' }))
    await cluster.clock.resolve(producer.start())
    await send(cluster, producer)
    assert.equal(cluster.broker.seen(commands.sendMessageV2).length, 1)
  }
  await one.close()
  await two.close()
})
