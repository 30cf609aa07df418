import { connect, Producer, PushConsumer } from '@aerobee/client'

// Waits until a name server and a broker answer; rejects with what was wrong when none did.
const client = await connect({ waitForBroker: 20_000 })
const producer = await new Producer({ client, producerGroup: 'examples' }).start()
const consumer = new PushConsumer({ client, consumerGroup: 'example-shared', from: 'earliest' })

const received = new Promise((resolve) => {
  consumer.subscribe('example-shared')
  consumer.once('rebalanced', ({ own }) => console.log(`reading ${own.length} queues`))
  void producer
    .send({ topic: 'example-shared', body: 'over the same connection' })
    .then(() => consumer.run((message) => resolve(message.text())))
})
console.log(await received)

// Closes every role that uses it, and then the connections.
consumer.once('closed', () => console.log('the consumer is closed'))
await client.close()
