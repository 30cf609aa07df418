import { Producer, PushConsumer } from '@aerobee/client'

/** A member of the group: the members share the queues, so each message goes to one of them. */
async function member(name, handle) {
  const consumer = new PushConsumer({ consumerGroup: 'example-billing', from: 'earliest' })
  consumer.on('rebalanced', ({ topic, all, own }) =>
    console.log(`${name} has ${own.length} of ${all.length} queues of ${topic}`),
  )
  consumer.on('error', (error, during) =>
    console.log(`${during} failed and will be tried again: ${error.message}`),
  )
  consumer.subscribe('example-payments', 'paid || refunded')
  await consumer.run(async (message) => {
    // A throw here means: deliver it again later.
    await handle(message.json(), message.tags)
  })
  return consumer
}

const producer = await new Producer({ producerGroup: 'examples' }).start()
await producer.send({ topic: 'example-payments', body: '{"id":0}', tags: 'created' })

const seen = new Set()
let allSeen
const done = new Promise((resolve) => {
  allSeen = resolve
})
const handle = async ({ id }, tags) => {
  console.log(`payment ${id} is ${tags}`)
  if (seen.add(id).size === 6) allSeen()
}
const members = [await member('first', handle), await member('second', handle)]
for (let id = 1; id <= 6; id++)
  await producer.send({
    topic: 'example-payments',
    body: JSON.stringify({ id }),
    tags: id % 3 === 0 ? 'refunded' : 'paid',
  })
await done

// Finishes the listeners under way, saves the offsets, and leaves the queues to the others.
await Promise.all(members.map((consumer) => consumer.close()))
await producer.close()
