// Consumers of other kinds than the newest Java client are looked at and steered while they run.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { until } from '../lib/wait.mjs'

/** @typedef {import('../lib/suite.mjs').Context} Context */
/** @typedef {import('../lib/suite.mjs').Need} Need */

const count = 20
/** Both clients give the queue up for 10 s, and look for it again every 20 s. */
const resetDeadlineMs = 60_000
/** Go samples its rates every 10 s. */
const stateDeadlineMs = 45_000

export const resetSuite = {
  name: 'resets',
  proves:
    'consumers of Java 4.9.8 and Go show their state, consume on demand, and go where their group is reset to, by their pulls or by a call',
  needs: /** @type {Need[]} */ (['java-5.3.3', 'java-4.9.8', 'go']),
  /** @param {Context} context */
  async run(context) {
    const { servers, target } = context
    const cluster = await servers.startCluster(target, { store: context.folder('store') })
    const { namesrv, broker } = cluster
    const admin = await context.startDriver('java-5.3.3')
    /** @param {string} args */
    const mqadmin = async (args) => (await admin.run('mqadmin', { args: `${args} -n ${namesrv}` })).printed

    const clients = []
    for (const need of /** @type {Need[]} */ (['java-4.9.8', 'go'])) {
      const topic = `e2e-reset-${need.replaceAll('.', '-')}`
      await mqadmin(`updateTopic -b ${broker} -t ${topic} -r 2 -w 2`)
      // The Go client asks for the route of its retry topic before its first heartbeat makes it.
      await mqadmin(`updateTopic -b ${broker} -t %RETRY%${topic}-consumer -r 1 -w 1`)
      const producer = admin.start('steeredProducer', { namesrv, topic, count })
      await producer.until(({ msgId }) => msgId !== undefined, 20_000, 'the producer had sent')
      const { offsetMsgId } = producer.figures
      await producer.stop()
      const driver = await context.startDriver(need)
      const file = join(context.folder('seen'), need)
      const consumer = driver.start('consume', { namesrv, topic, queues: 2, file })
      await consumer.until(({ seen }) => seen === count, 40_000, 'all messages were consumed')
      clients.push({ need, topic, driver, consumer, offsetMsgId })
    }

    for (const { need, topic, consumer, offsetMsgId } of clients)
      await context.case(`${need} shows its state, and consumes a message on demand`, async () => {
        const group = `${topic}-consumer`
        const connection = await mqadmin(`consumerConnection -g ${group}`)
        const clientId = /^(\S+@\S+) +127\.0\.0\.1:/m.exec(connection)?.[1]
        assert.ok(clientId, connection)
        const row = new RegExp(`^PROP_CONSUME_TYPE +: CONSUME_PASSIVELY *$[^]*^${topic} +broker-a +1 +`, 'm')
        // The Go client cannot tell its state while it has a single sample of its rates.
        const shown = async () => row.test(await mqadmin(`consumerStatus -g ${group} -i ${clientId}`))
        await until(shown, stateDeadlineMs, 'its state')
        const before = consumer.figures.deliveries
        // mqadmin asks for the state first.
        const direct = `queryMsgById -i ${offsetMsgId} -t ${topic} -g ${group} -d ${clientId}`
        const consumed = async () => /consumeResult=CR_SUCCESS/.test(await mqadmin(direct))
        await until(consumed, stateDeadlineMs, 'a message consumed on demand')
        await consumer.until(({ deliveries }) => deliveries === before + 1, 20_000, 'one more delivery')
      })

    for (const [how, serverSide] of /** @type {const} */ ([
      ['in its next pull', true],
      ['by a call', false],
    ])) {
      await mqadmin(`updateBrokerConfig -b ${broker} -k useServerSideResetOffset -v ${serverSide}`)
      const before = clients.map(({ consumer }) => consumer.figures.deliveries)
      for (const { topic } of clients)
        await mqadmin(`resetOffsetByTime -g ${topic}-consumer -t ${topic} -s 0`)
      for (const [i, { need, consumer }] of clients.entries()) {
        await context.case(`${need} hears of a reset ${how}`, () =>
          consumer.until(
            ({ deliveries }) => deliveries >= before[i] + count,
            resetDeadlineMs,
            'all messages were delivered again',
          ),
        )
      }
    }
    for (const { consumer, driver } of clients) {
      await consumer.stop()
      await driver.stop()
    }
    await admin.stop()
    await cluster.stop()
  },
}
