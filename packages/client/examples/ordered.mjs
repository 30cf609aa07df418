import { Producer, PushConsumer } from '@aerobee/client'

const steps = ['created', 'paid', 'shipped']
const orders = ['A', 'B', 'C']

const producer = await new Producer({ producerGroup: 'examples' }).start()
// Messages of one sharding key go to one queue, in the order they were sent.
for (const step of steps)
  for (const order of orders)
    await producer.send({ topic: 'example-steps', body: step, keys: [order], shardingKey: order })
await producer.close()

const seen = new Map()
const consumer = new PushConsumer({ consumerGroup: 'example-steps', from: 'earliest' }).subscribe(
  'example-steps',
)
await new Promise((resolve, reject) => {
  // One after another for each queue, and no other member has the queue meanwhile. A throw brings the same message again.
  const listener = (message) => {
    const [order] = message.keys
    seen.set(order, [...(seen.get(order) ?? []), message.text()])
    if ([...seen.values()].flat().length === steps.length * orders.length) resolve()
  }
  consumer.runOrderly(listener).catch(reject)
})
for (const [order, story] of [...seen].sort()) console.log(`order ${order}: ${story.join(', ')}`)
await consumer.close()
