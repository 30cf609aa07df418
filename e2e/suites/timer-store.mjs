// Timer messages that wait while their broker gives way to one of the other kind, or is killed, on one store directory.
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
  mappedFileSizeTimerLog: 104_000,
  recallMessageEnable: true,
}
const perWait = 40
const deadlineMs = 60_000
/** Apache delivers at the end of a second; what is late for another reason is much later. */
const lateMs = 4000

/** What came, with the time at which it was stored. */
class Deliveries {
  /** @type {Map<string, Map<number, number>>} by text, then by place in the log: a consumer may see a record again */
  all = new Map()

  /** @param {import('@aerobee/client').ReceivedMessage} message */
  take(message) {
    const records = this.all.get(message.text()) ?? new Map()
    this.all.set(message.text(), records.set(message.physicalOffset, message.storeTimestamp))
  }

  /** @param {string[]} wanted @param {string} what */
  async await(wanted, what) {
    const missing = () => wanted.filter((one) => !this.all.has(one))
    await until(async () => missing().length === 0, deadlineMs, what, 20).catch((error) => {
      throw new Error(`${error.message}: missing ${missing().slice(0, 10).join(', ')}`)
    })
  }
}

/**
 * @param {Context} context
 * @param {string} namesrv
 * @param {Kind[]} kinds one after the other
 * @param {'stop' | 'kill'} end
 */
async function takeTurns(context, namesrv, kinds, end) {
  const client = await importClient()
  const port = await freePort([-2, 1])
  const name = `${kinds.join('-')}-${end}`
  const topic = `e2e-timer-${name}`
  const store = join(context.dir, name)
  const open = (/** @type {Kind} */ kind) =>
    context.servers.startBroker(kind, { namesrv, store, port, config })
  // Brokers come and go here; who looks rarely finds them late.
  const often = { namesrvAddr: namesrv, pollNameServerInterval: 1000, heartbeatBrokerInterval: 1000 }
  const producer = new client.Producer({ ...often, producerGroup: `p-${name}` })
  const consumer = new client.PushConsumer({
    ...often,
    consumerGroup: `g-${name}`,
    from: 'earliest',
    persistConsumerOffsetInterval: 200,
  })
  const deliveries = new Deliveries()
  /** @type {Map<string, number>} when each is due */
  const dueAt = new Map()
  /** @type {Map<string, number>} when a broker could deliver it at the earliest, of those that waited for another one */
  const openedAt = new Map()
  let broker = await open(/** @type {Kind} */ (kinds[0]))
  try {
    await producer.start()
    await producer.send({ topic, body: 'first' })
    consumer.subscribe(topic)
    await consumer.run((message) => deliveries.take(message))
    await deliveries.await(['first'], 'the first message')
    for (const [turn, next] of kinds.slice(1).entries()) {
      const soon = []
      for (let i = 0; i < perWait; i++) {
        for (const [word, delayTimeMs] of /** @type {const} */ ([
          ['soon', 1500],
          ['later', 9000 + i * 53],
        ])) {
          const body = `${word} ${turn} ${i}`
          dueAt.set(body, Date.now() + delayTimeMs)
          await producer.send({ topic, body, delayTimeMs })
          if (word === 'soon') soon.push(body)
        }
      }
      const unwanted = await producer.send({ topic, body: 'unwanted', delayTimeMs: 9500 })
      await producer.recallMessage(topic, unwanted.recallHandle ?? '')
      await deliveries.await(soon, 'those that are due soon')
      if (end === 'stop') await broker.stop()
      else await broker.kill()
      broker = await open(next)
      // What fell due while no broker ran is due now.
      const openAt = Date.now()
      for (const [body, due] of dueAt)
        if (!deliveries.all.has(body)) openedAt.set(body, Math.max(due, openAt))
      await deliveries.await([...dueAt.keys()], 'those that waited for the other broker')
    }
    let latestMs = 0
    for (const [body, due] of dueAt) {
      const times = [...(deliveries.all.get(body)?.values() ?? [])]
      assert.equal(times.length, 1, `${body} was stored ${times.length} times`)
      const late = (times[0] ?? 0) - due
      assert.ok(late >= 0, `${body} came ${-late} ms early`)
      const ownLate = (times[0] ?? 0) - (openedAt.get(body) ?? due)
      assert.ok(ownLate <= lateMs, `${body} came ${ownLate} ms after it could`)
      latestMs = Math.max(latestMs, ownLate)
    }
    assert.ok(!deliveries.all.has('unwanted'), 'what was taken back does not come')
    return { delivered: dueAt.size, latestMs }
  } finally {
    await consumer.close()
    await producer.close()
    await broker.stop()
  }
}

export const timerStoreSuite = {
  name: 'timer-store',
  proves:
    'timer messages wait while brokers of both kinds take turns on one store, and while ours is killed; each comes once',
  needs: /** @type {import('../lib/suite.mjs').Need[]} */ (['java-5.3.3']),
  /** @param {Context} context */
  async run(context) {
    const nameServer = await context.servers.startNameServer('aerobee')
    for (const [kinds, end] of /** @type {[Kind[], 'stop' | 'kill'][]} */ ([
      [['aerobee', 'apache', 'aerobee'], 'stop'],
      [['aerobee', 'aerobee', 'aerobee'], 'kill'],
    ]))
      await context.case(`${kinds.join(', ')}, each ended by a ${end}`, async () => {
        try {
          return await takeTurns(context, nameServer.address, kinds, end)
        } finally {
          await context.servers.killBrokers()
        }
      })
    await nameServer.stop()
  },
}
