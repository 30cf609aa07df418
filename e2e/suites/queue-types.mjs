// Queues other than the usual ones: batches in one record, and light message queues.
import assert from 'node:assert/strict'

/** @typedef {import('../lib/suite.mjs').Context} Context */

const clients = /** @type {import('../lib/suite.mjs').Need[]} */ (['java-5.3.3', 'java-4.9.8', 'go'])

export const queueTypesSuite = {
  name: 'queue-types',
  proves:
    'topics with queue.type=BatchCQ, made by mqadmin, keep a batch in one record; light message queues show messages of other topics',
  needs: clients,
  /** @param {Context} context */
  async run(context) {
    const { servers, target } = context
    const config = { enableLmq: true, enableMultiDispatch: true, mapperFileSizeBatchConsumeQueue: 46 * 20 }
    const cluster = await servers.startCluster(target, {
      store: context.folder('store'),
      separate: true,
      config,
    })
    const { namesrv, broker } = cluster
    const driver = await context.startDriver('java-5.3.3')
    const topic = 'e2e-inner-batches'
    await context.case(
      'inner batches: sent by a Java producer, read in order by a Java push consumer',
      async () => {
        const args = `updateTopic -b ${broker} -t ${topic} -r 4 -w 4 -a +queue.type=BatchCQ -n ${namesrv}`
        const { printed } = await driver.run('mqadmin', { args })
        assert.ok(printed.includes(`create topic to ${broker} success.`), printed)
        return driver.run('innerBatches', { namesrv, topic })
      },
    )
    await driver.stop()
    for (const need of clients)
      await context.case(`${need}: a message shows in the light message queues it names`, async () => {
        const one = await context.startDriver(need)
        const parameters = { namesrv, broker, queues: 1 }
        const light = await one.run('lightQueues', {
          ...parameters,
          topic: `e2e-light-${need.replaceAll('.', '-')}`,
        })
        await one.stop()
        return light
      })
    await cluster.stop()
  },
}
