// The broker is killed with SIGKILL again and again while delayed messages are sent and delivered. Every acknowledged
// one must be in its topic in the end, and with our broker no message twice.
import assert from 'node:assert/strict'
import { importClient } from '../lib/tools.mjs'
import { until } from '../lib/wait.mjs'

/** @typedef {import('../lib/suite.mjs').Context} Context */

const config = { messageDelayLevel: '1s 2s', flushDelayOffsetInterval: 2000 }
const topic = 'e2e-kill-delayed'
const deadlineMs = 60_000
const inFlight = 16

/** Sends delayed messages, so many at a time, until told to stop. */
class DelayedLoad {
  /** @type {Set<string>} */
  acknowledged = new Set()
  sent = 0
  stopped = false

  /** @param {import('@aerobee/client').Producer} producer */
  start(producer) {
    this.running = Promise.all(Array.from({ length: inFlight }, () => this.run(producer)))
  }

  /** @param {import('@aerobee/client').Producer} producer */
  async run(producer) {
    while (!this.stopped) {
      const number = this.sent++
      try {
        await producer.send({ topic, body: `${number}`, delayLevel: 1 + (number % 2) })
        this.acknowledged.add(`${number}`)
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }

  stop() {
    this.stopped = true
    return this.running
  }
}

export const killDelayedSuite = {
  name: 'kill-delayed',
  proves: 'kill -9 while messages of delay levels are sent and delivered: none is lost, and none comes twice',
  needs: /** @type {import('../lib/suite.mjs').Need[]} */ (['client']),
  /** @param {Context} context */
  async run(context) {
    const client = await importClient()
    const times = Math.min(context.kills, 8)
    await context.case(`${times} times kill -9 under load`, async () => {
      const cluster = await context.servers.startCluster(context.target, {
        store: context.folder('store'),
        separate: true,
        config,
      })
      const options = { namesrvAddr: cluster.namesrv, pollNameServerInterval: 1000 }
      const producer = await new client.Producer({
        ...options,
        producerGroup: topic,
        // One try each: a message that is sent again may be stored twice.
        retryTimesWhenSendFailed: 0,
      }).start()
      const consumer = new client.PushConsumer({
        ...options,
        consumerGroup: topic,
        from: 'earliest',
      })
      const load = new DelayedLoad()
      load.start(producer)
      for (let round = 0; round < times; round++) {
        const enough = load.acknowledged.size + 500 + round * 137
        await until(async () => load.acknowledged.size >= enough, deadlineMs, 'acknowledgements', 10)
        await cluster.killBroker()
        await cluster.start()
      }
      await load.stop()
      /** @type {Map<string, Set<string>>} places by body: a message seen again at one place is no second copy */
      const places = new Map()
      consumer.subscribe(topic)
      await consumer.run((message) => {
        const known = places.get(message.text()) ?? new Set()
        places.set(message.text(), known.add(`${message.queue.queueId}@${message.queueOffset}`))
      })
      const missing = () => [...load.acknowledged].filter((body) => !places.has(body))
      await until(async () => missing().length === 0, deadlineMs, 'what was acknowledged', 100).catch(
        (error) => {
          throw new Error(`${error.message}: ${missing().length} missing, ${missing().slice(0, 5)}`)
        },
      )
      const twice = [...places].filter(([, known]) => known.size > 1)
      if (context.target === 'aerobee')
        assert.equal(
          twice.length,
          0,
          `${twice.length} came twice, ${twice[0]?.[0]} at ${[...(twice[0]?.[1] ?? [])]}`,
        )
      await consumer.close()
      await producer.close()
      await cluster.stop()
      return { acknowledged: load.acknowledged.size, delivered: places.size, twice: twice.length }
    })
  },
}
