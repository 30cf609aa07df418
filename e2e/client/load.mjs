// Load that goes on while the harness stops, kills and restarts the broker.
import { writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** @typedef {typeof import('@aerobee/client')} ClientModule */
/** @typedef {import('./driver.mjs').Run} Run */

const sendersAtOnce = 8

/** Sends until told to stop; each acknowledged message is a line "number queueId queueOffset" of the file. */
export async function produce(/** @type {Run} */ { client, common, topic, file, event, stop }) {
  const producer = await new client.Producer({ ...common, producerGroup: `${topic}-producer` }).start()
  /** @type {string[]} */
  const lines = []
  let next = 0
  let failed = 0
  const sender = async () => {
    while (!stop.aborted) {
      const n = next++
      try {
        const sent = await producer.send({ topic, body: `${n}`, keys: [`n-${n}`], properties: { n: `${n}` } })
        if (sent.status === 'SEND_OK') lines.push(`${n} ${sent.queue.queueId} ${sent.queueOffset}\n`)
        else failed += 1
      } catch {
        failed += 1
        await pause(20)
      }
    }
  }
  const senders = Array.from({ length: sendersAtOnce }, sender)
  while (!stop.aborted) {
    await pause(50)
    event({ acknowledged: lines.length })
  }
  await Promise.all(senders)
  await producer.close()
  writeFileSync(file, lines.join(''))
  return { acknowledged: lines.length, failed }
}

/** Consumes until told to stop; each distinct message is a line "number" of the file. */
export async function consume(/** @type {Run} */ { client, common, topic, file, event, stop }) {
  /** @type {Set<string>} */
  const seen = new Set()
  let deliveries = 0
  const consumerGroup = `${topic}-consumer`
  const consumer = new client.PushConsumer({ ...common, consumerGroup, from: 'earliest' })
  await consumer.subscribe(topic).run((message) => {
    deliveries += 1
    seen.add(message.property('n') ?? '')
  })
  while (!stop.aborted) {
    await pause(100)
    event({ seen: seen.size })
  }
  await consumer.close()
  writeFileSync(file, [...seen].map((n) => `${n}\n`).join(''))
  return { seen: seen.size, again: deliveries - seen.size }
}

/** Reads all that the broker has of the topic; each message is a line "number queueId queueOffset" of the file. */
export async function stored(/** @type {Run} */ { client, common, topic, file }) {
  const consumer = new client.LitePullConsumer({
    ...common,
    consumerGroup: `${topic}-stored`,
    autoCommit: false,
  })
  await consumer.start()
  const queues = await consumer.fetchMessageQueues(topic)
  consumer.assign(queues)
  for (const queue of queues) await consumer.seekToBegin(queue)
  /** @type {Map<number, { next: number, end: number }>} */
  const read = new Map()
  const lines = []
  for (;;) {
    const messages = await consumer.poll({ timeoutMs: 2000 })
    const complete = [...read.values()].every(({ next, end }) => next >= end)
    if (messages.length === 0 && read.size > 0 && complete) break
    for (const message of messages) {
      const { queueId } = message.queue
      const { queueOffset } = message
      const expected = read.get(queueId)?.next ?? queueOffset
      if (queueOffset !== expected)
        throw new Error(`queue ${queueId}: ${queueOffset} comes after ${expected - 1}`)
      read.set(queueId, { next: queueOffset + 1, end: message.maxOffset })
      lines.push(`${message.property('n')} ${queueId} ${queueOffset}\n`)
    }
  }
  await consumer.close()
  writeFileSync(file, lines.join(''))
  return { stored: lines.length }
}
