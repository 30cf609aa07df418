import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Producer, PushConsumer } from '@aerobee/client'

// Offsets are kept in files, ~/.rocketmq_offsets by default, as Java clients keep them.
const directory = await mkdtemp(join(tmpdir(), 'offsets-'))
const received = []
const waiting = []

async function member(name) {
  const consumer = new PushConsumer({
    consumerGroup: 'example-caches',
    messageModel: 'BROADCASTING',
    instanceName: name,
    localOffsetStoreDir: directory,
  }).subscribe('example-invalidations')
  waiting.push(
    new Promise((resolve) => {
      received.push(consumer.run((message) => resolve(console.log(`${name} drops ${message.text()}`))))
    }),
  )
  return consumer
}

const producer = await new Producer({ producerGroup: 'examples' }).start()
await producer.send({ topic: 'example-invalidations', body: 'an old key' })
const members = [await member('east'), await member('west')]
await Promise.all(received)
const queues = await producer.queues('example-invalidations')
for (const queue of queues) await producer.send({ topic: 'example-invalidations', body: 'key 7' }, { queue })
await Promise.all(waiting)
await Promise.all(members.map((consumer) => consumer.close()))
await producer.close()
await rm(directory, { recursive: true })
