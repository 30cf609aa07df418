import { Producer, PushConsumer, sql } from '@aerobee/client'

const producer = await new Producer({ producerGroup: 'examples' }).start()
for (const [amount, region] of [
  [5, 'eu'],
  [20, 'eu'],
  [30, 'us'],
])
  await producer.send({
    topic: 'example-sales',
    body: `${amount} in ${region}`,
    properties: { amount: String(amount), region },
  })
await producer.close()

const consumer = new PushConsumer({ consumerGroup: 'example-large-sales', from: 'earliest' })
consumer.subscribe('example-sales', sql`amount > 10 AND region = 'eu'`)
await new Promise((resolve, reject) => {
  consumer.run((message) => resolve(console.log(`large sale: ${message.text()}`))).catch(reject)
})
await consumer.close()
