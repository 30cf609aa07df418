import { LitePullConsumer, Producer } from '@aerobee/client'

const producer = await new Producer({ producerGroup: 'examples' }).start()
const [queue] = await producer.queues('example-numbers')
for (let i = 0; i < 5; i++) await producer.send({ topic: 'example-numbers', body: String(i) }, { queue })
await producer.close()

const consumer = new LitePullConsumer({
  consumerGroup: 'example-reader',
  from: 'earliest',
  autoCommit: false,
})
await consumer.subscribe('example-numbers').start()

// One counts as consumed when the next one is asked for.
const numbers = []
for await (const message of consumer) {
  numbers.push(message.text())
  if (numbers.length === 5) break
}
console.log(`iterated: ${numbers.join(' ')}`)

await consumer.seekToBegin(queue)
const batch = await consumer.poll({ timeoutMs: 10_000 })
console.log(`polled after a seek: ${batch.map((message) => message.text()).join(' ')}`)

await consumer.commit([[queue, 3]])
console.log(`the group goes on at offset ${await consumer.committed(queue)} of that queue`)
await consumer.close()
