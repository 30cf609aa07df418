import { Producer, PushConsumer } from '@aerobee/client'

const replier = await new Producer({ producerGroup: 'example-repliers' }).start()
await replier.send({ topic: 'example-questions', body: 'is anybody there?' })
const consumer = new PushConsumer({ consumerGroup: 'example-oracle', from: 'latest' }).subscribe(
  'example-questions',
)
await consumer.run(async (message) => {
  await replier.reply(message, `${Number(message.text()) * 2}`)
})

const asker = await new Producer({ producerGroup: 'example-askers' }).start()
const reply = await asker.request({ topic: 'example-questions', body: '21' }, { timeoutMs: 10_000 })
console.log(`the answer is ${reply.text()}`)

await asker.close()
await consumer.close()
await replier.close()
