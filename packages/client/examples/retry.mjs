import { LitePullConsumer, Producer, PushConsumer } from '@aerobee/client'

const producer = await new Producer({ producerGroup: 'examples' }).start()
await producer.send({ topic: 'example-mails', body: 'to nobody' })
await producer.close()

const consumer = new PushConsumer({
  consumerGroup: 'example-mailer',
  from: 'earliest',
  // Two further tries; then the message goes to the topic %DLQ%example-mailer.
  maxReconsumeTimes: 2,
}).subscribe('example-mails')
await new Promise((resolve, reject) => {
  const listener = (message, context) => {
    console.log(`try ${message.reconsumeTimes + 1}: ${message.text()}`)
    if (message.reconsumeTimes === 2) resolve()
    // Level 1 is a second; by default the broker waits longer after each failure: 10 s, 30 s, 1 min, …
    context.delayLevelWhenNextConsume = 1
    throw new Error('mailbox not found')
  }
  consumer.run(listener).catch(reject)
})
await consumer.close()

// The dead letters are a topic like any other.
const dead = new LitePullConsumer({ consumerGroup: 'example-undertaker' })
await dead.start()
const queues = await dead.fetchMessageQueues('%DLQ%example-mailer')
dead.assign(queues)
for (const queue of queues) await dead.seekToBegin(queue).catch(() => {})
for await (const message of dead) {
  console.log(`dead: ${message.text()}, was to go to ${message.property('RETRY_TOPIC')}`)
  break
}
await dead.close()
