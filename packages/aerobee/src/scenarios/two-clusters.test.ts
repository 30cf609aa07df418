import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Producer, PushConsumer } from '@aerobee/client'
import { RealPlace } from './real-place.test.js'

/** Names that would make one client of two in Java: nothing may be shared but what is given as `client`. */
const names = { clientIP: '10.0.0.1', instanceName: 'one', topic: 'T', group: 'G' }
const perCluster = 20

/** Sends to a cluster, and consumes of it what was sent there: bodies, once each. */
async function live(place: RealPlace, mark: string): Promise<string[]> {
  const { clientIP, instanceName, topic, group } = names
  const options = { namesrvAddr: place.namesrvAddr, clientIP, instanceName }
  const producer = await new Producer({ ...options, producerGroup: group }).start()
  const consumer = new PushConsumer({ ...options, consumerGroup: group, from: 'earliest' })
  place.closing.push(
    () => producer.close(),
    () => consumer.close(),
  )
  for (let i = 0; i < perCluster; i++) await producer.send({ topic, body: `${mark}${i}` })
  const got = new Set<string>()
  await new Promise<void>((resolve, reject) => {
    consumer.subscribe(topic)
    consumer
      .run((message) => {
        got.add(message.text())
        if (got.size >= perCluster) resolve()
      })
      .catch(reject)
  })
  return [...got]
}

test('two clusters in one process never meet, whatever their clients are called', async () => {
  const places = [await RealPlace.start(), await RealPlace.start()] as const
  try {
    const [first, second] = await Promise.all([live(places[0], 'first'), live(places[1], 'second')])
    const sent = (mark: string) => Array.from({ length: perCluster }, (_, i) => `${mark}${i}`).sort()
    assert.deepEqual([first.sort(), second.sort()], [sent('first'), sent('second')])
  } finally {
    for (const place of places) await place.stop()
  }
})
