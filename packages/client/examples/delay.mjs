import { Producer, PushConsumer } from '@aerobee/client'

const producer = await new Producer({ producerGroup: 'examples' }).start()
const consumer = new PushConsumer({ consumerGroup: 'example-alarms', from: 'earliest' }).subscribe(
  'example-alarms',
)
const rung = new Promise((resolve, reject) => {
  consumer
    .run((message) => {
      const afterMs = message.storeTimestamp - message.bornTimestamp
      resolve(console.log(`${message.text()}, ${Math.floor(afterMs / 1000)} s after it was sent`))
    })
    .catch(reject)
})
// Level 1 of the broker's messageDelayLevel: a second. delayTimeSec, delayTimeMs and deliverTimeMs take any time.
await producer.send({ topic: 'example-alarms', body: 'wake up', delayLevel: 1 })
await rung
await consumer.close()
await producer.close()
