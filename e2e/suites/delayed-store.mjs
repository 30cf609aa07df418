// Messages that wait while their broker gives way to one of the other kind, on one store directory.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { freePort } from '../lib/ports.mjs'
import { importClient } from '../lib/tools.mjs'
import { until } from '../lib/wait.mjs'

/** @typedef {import('../lib/suite.mjs').Context} Context */
/** @typedef {import('../lib/servers.mjs').Kind} Kind */

const config = {
  mappedFileSizeCommitLog: 1_048_576,
  mappedFileSizeConsumeQueue: 1_000,
  mapperFileSizeBatchConsumeQueue: 46 * 20,
  messageDelayLevel: '1s 4s 1s',
  flushDelayOffsetInterval: 500,
}
const topic = 'e2e-delayed'
const group = 'e2e-delayed-group'
const perLevel = 40
const deadlineMs = 60_000

/** A consumer that fails each message of level 1 once, and notes what came, with its reconsume times. */
class Deliveries {
  /** @type {string[]} */
  all = []

  /** @param {import('@aerobee/client').ReceivedMessage} message */
  take(message) {
    this.all.push(`${message.text()} ${message.reconsumeTimes}`)
    if (message.text().startsWith('soon') && message.reconsumeTimes === 0) throw new Error('not yet')
  }

  /** @param {string[]} wanted @param {string} what */
  async await(wanted, what) {
    const missing = () => wanted.filter((one) => !this.all.includes(one))
    await until(async () => missing().length === 0, deadlineMs, what, 20).catch((error) => {
      throw new Error(`${error.message}: missing ${missing().slice(0, 10).join(', ')} of ${wanted.length}`)
    })
  }
}

/**
 * What lies in a topic, with reconsume times.
 * @param {typeof import('@aerobee/client')} client @param {string} namesrvAddr @param {string} name
 */
async function stored(client, namesrvAddr, name) {
  const options = { namesrvAddr, consumerGroup: 'TOOLS_CONSUMER', autoCommit: false }
  const asking = await new client.LitePullConsumer(options).start()
  const queues = await asking.fetchMessageQueues(name).finally(() => asking.close())
  const reader = await new client.LitePullConsumer(options).assign(queues).start()
  try {
    for (const queue of queues) await reader.seekToBegin(queue)
    const found = []
    for (let messages = await reader.poll(); messages.length > 0; messages = await reader.poll())
      for (const message of messages) found.push(`${message.text()} ${message.reconsumeTimes}`)
    return found
  } finally {
    await reader.close()
  }
}

/** @param {string} round */
const bodies = (round) => ({
  soon: Array.from({ length: perLevel }, (_, i) => `soon ${round} ${i}`),
  later: Array.from({ length: perLevel }, (_, i) => `later ${round} ${i}`),
})

/**
 * Delivers level 1 and its failures, and leaves level 2 and what failed last to the other kind of broker.
 * @param {Context} context
 * @param {string} namesrv
 * @param {[Kind, Kind]} kinds
 */
async function waitThrough(context, namesrv, kinds) {
  const client = await importClient()
  const port = await freePort([-2, 1])
  const store = join(context.dir, kinds[0])
  const suffix = kinds[0]
  const open = (/** @type {Kind} */ kind) =>
    context.servers.startBroker(kind, { namesrv, store, port, config })
  // Brokers come and go here; who looks rarely finds them late.
  const often = { namesrvAddr: namesrv, pollNameServerInterval: 1000, heartbeatBrokerInterval: 1000 }
  const producer = new client.Producer({ ...often, producerGroup: `p-${suffix}` })
  const consumer = new client.PushConsumer({
    ...often,
    consumerGroup: `${group}-${suffix}`,
    from: 'earliest',
    persistConsumerOffsetInterval: 200,
  })
  const deliveries = new Deliveries()
  /** @type {string[]} */
  const wanted = []
  let broker = await open(kinds[0])
  try {
    await producer.start()
    await producer.send({ topic: `${topic}-${suffix}`, body: 'first' })
    consumer.subscribe(`${topic}-${suffix}`)
    await consumer.run((message) => deliveries.take(message))
    wanted.push('first 0')
    await deliveries.await(wanted, 'the first message')
    for (const [round, next] of /** @type {const} */ (['there', 'back']).entries()) {
      const { soon, later } = bodies(next)
      for (const body of soon) await producer.send({ topic: `${topic}-${suffix}`, body, delayLevel: 1 })
      for (const body of later) await producer.send({ topic: `${topic}-${suffix}`, body, delayLevel: 2 })
      wanted.push(...soon.map((body) => `${body} 0`))
      // They fail and wait for their retry, at level 3.
      await deliveries.await(wanted, 'messages of level 1')
      await broker.stop()
      broker = await open(/** @type {Kind} */ (kinds[(round + 1) % 2]))
      wanted.push(...soon.map((body) => `${body} 1`), ...later.map((body) => `${body} 0`))
      await deliveries.await(wanted, 'what waited for the other broker')
    }
    const there = [
      ...(await stored(client, namesrv, `${topic}-${suffix}`)),
      ...(await stored(client, namesrv, `%RETRY%${group}-${suffix}`)),
    ]
    assert.deepEqual(there.sort(), [...wanted].sort(), 'each once')
  } finally {
    await consumer.close()
    await producer.close()
  }
  await broker.stop()
  return { delivered: deliveries.all.length, wanted: wanted.length }
}

export const delayedStoreSuite = {
  name: 'delayed-store',
  proves: 'delayed messages and retries wait while brokers of both kinds take turns on one store',
  needs: /** @type {import('../lib/suite.mjs').Need[]} */ (['java-5.3.3']),
  /** @param {Context} context */
  async run(context) {
    const nameServer = await context.servers.startNameServer('aerobee')
    for (const kinds of /** @type {[Kind, Kind][]} */ ([
      ['aerobee', 'apache'],
      ['apache', 'aerobee'],
    ]))
      await context.case(`${kinds.join(' and ')} take turns`, async () => {
        try {
          return await waitThrough(context, nameServer.address, kinds)
        } finally {
          await context.servers.killBrokers()
        }
      })
    await nameServer.stop()
  },
}
