import { Producer, PushConsumer } from '@aerobee/client'

const producer = await new Producer({ producerGroup: 'examples' }).start()
const consumer = new PushConsumer({ consumerGroup: 'example-alarms', from: 'earliest' }).subscribe(
  'example-alarms',
)
const rung = []
let bothRang
const done = new Promise((resolve) => {
  bothRang = resolve
})
await consumer.run((message) => {
  rung.push(message.text())
  console.log(
    `${message.text()}, ${((message.storeTimestamp - message.bornTimestamp) / 1000).toFixed(1)} s after it was sent`,
  )
  if (rung.length === 2) bothRang()
})

// Level 1 of the broker's messageDelayLevel: a second.
await producer.send({ topic: 'example-alarms', body: 'by level', delayLevel: 1 })
// Any time, with brokers of 5.x: delayTimeSec, delayTimeMs, or deliverTimeMs as a Date.
await producer.send({ topic: 'example-alarms', body: 'by time', deliverTimeMs: new Date(Date.now() + 1500) })

// Such a message can be taken back, at brokers with recallMessageEnable=true.
const { messageId, recallHandle } = await producer.send({
  topic: 'example-alarms',
  body: 'never',
  delayTimeSec: 60,
})
const recalled = await producer.recallMessage('example-alarms', recallHandle)
console.log(recalled === messageId ? 'taken back' : 'another one was taken back')

await done
await consumer.close()
await producer.close()
