// Offsets are reset under running consumers of other kinds than the newest Java client.
import { join } from 'node:path'

/** @typedef {import('../lib/suite.mjs').Context} Context */
/** @typedef {import('../lib/suite.mjs').Need} Need */

const count = 20
/** Both clients give the queue up for 10 s, and look for it again every 20 s. */
const resetDeadlineMs = 60_000

export const resetSuite = {
  name: 'resets',
  proves: 'consumers of Java 4.9.8 and Go go where their group is reset to, by their pulls or by a call',
  needs: /** @type {Need[]} */ (['java-5.3.3', 'java-4.9.8', 'go']),
  /** @param {Context} context */
  async run(context) {
    const { servers, target } = context
    const cluster = await servers.startCluster(target, { store: context.folder('store') })
    const { namesrv, broker } = cluster
    const admin = await context.startDriver('java-5.3.3')
    /** @param {string} args */
    const mqadmin = (args) => admin.run('mqadmin', { args: `${args} -n ${namesrv}` })

    const clients = []
    for (const need of /** @type {Need[]} */ (['java-4.9.8', 'go'])) {
      const topic = `e2e-reset-${need.replaceAll('.', '-')}`
      await mqadmin(`updateTopic -b ${broker} -t ${topic} -r 2 -w 2`)
      // The Go client asks for the route of its retry topic before its first heartbeat makes it.
      await mqadmin(`updateTopic -b ${broker} -t %RETRY%${topic}-consumer -r 1 -w 1`)
      const producer = admin.start('steeredProducer', { namesrv, topic, count })
      await producer.until(({ msgId }) => msgId !== undefined, 20_000, 'the producer had sent')
      await producer.stop()
      const driver = await context.startDriver(need)
      const file = join(context.folder('seen'), need)
      const consumer = driver.start('consume', { namesrv, topic, queues: 2, file })
      await consumer.until(({ seen }) => seen === count, 40_000, 'all messages were consumed')
      clients.push({ need, topic, driver, consumer })
    }

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
