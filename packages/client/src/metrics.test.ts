import assert from 'node:assert/strict'
import test from 'node:test'
import { FakeCluster } from './fake-cluster.test.js'
import type { ClientMetrics } from './metrics.js'
import { Producer } from './producer/producer.js'
import { PushConsumer } from './push-consumer/push-consumer.js'

function recorder() {
  const lines: string[] = []
  const note = (name: string) => (labels: Record<string, string>, value?: number) =>
    void lines.push([name, ...Object.values(labels), ...(value === undefined ? [] : [value])].join(' '))
  const metrics: ClientMetrics = {
    sends: { inc: note('sends') },
    sendSeconds: { observe: note('sendSeconds') },
    consumed: { inc: note('consumed') },
    consumeSeconds: { observe: note('consumeSeconds') },
    lag: { set: note('lag') },
  }
  return { lines, metrics }
}

test('sends and consumption are counted with the labels promised', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  const { lines, metrics } = recorder()
  const producer = cluster.use(new Producer({ ...cluster.options({ metrics }), producerGroup: 'p' }))
  await cluster.clock.resolve(producer.start())
  await cluster.clock.resolve(producer.send({ topic: 'T', body: 'x' }))
  await cluster.clock.resolve(producer.send({ topic: 'T', body: 'x' }))
  cluster.network.cut('10.0.1.1', '10.0.0.101')
  const failed = producer.send({ topic: 'T', body: 'x' }, { timeoutMs: 500 })
  await cluster.clock.resolve(assert.rejects(failed))
  cluster.network.heal('10.0.1.1', '10.0.0.101')
  assert.deepEqual(lines, [
    'sends T SEND_OK',
    'sendSeconds T 0',
    'sends T SEND_OK',
    'sendSeconds T 0',
    'sends T TIMEOUT',
    'sendSeconds T 0.5',
  ])
  lines.length = 0
  const consumer = cluster.use(
    new PushConsumer({ ...cluster.options({ metrics }), consumerGroup: 'g', from: 'earliest' }),
  )
  consumer.subscribe('T')
  await cluster.clock.resolve(
    consumer.run(({ queueOffset }) => {
      if (queueOffset === 1) throw new Error('no')
    }),
  )
  await cluster.pass(1000)
  assert.deepEqual(lines.slice(0, 4), [
    'consumed g T SUCCESS 1',
    'consumeSeconds g T 0',
    'lag g T broker-a 0 2',
    'consumed g T EXCEPTION 1',
  ])
  await cluster.close()
})
