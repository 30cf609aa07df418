// Deployments of both kinds: Java brokers at our name server, our broker at Java name servers, both in one cluster.
import assert from 'node:assert/strict'
import { join } from 'node:path'

/** @typedef {import('../lib/suite.mjs').Context} Context */
/** @typedef {import('../lib/driver.mjs').Driver} Driver */

const progressDeadlineMs = 60_000

/**
 * The client's whole way through a deployment.
 * @param {Driver} driver
 * @param {string} namesrv
 * @param {string} prefix of the topics
 */
async function useDeployment(driver, namesrv, prefix) {
  for (const scenario of ['sendSync', 'sendBatch', 'tags', 'pullSubscribe']) {
    await driver.run(scenario, { namesrv, topic: `${prefix}-${scenario}` })
  }
}

/** @param {Driver} driver @param {string} namesrv @param {string} broker */
async function assertListed(driver, namesrv, broker) {
  const { printed } = await driver.run('mqadmin', { args: `clusterList -n ${namesrv}` })
  assert.ok(printed.includes(` ${broker} `), `${broker} is not in\n${printed}`)
}

/** @param {Driver} driver @param {string} namesrv @param {string} broker */
async function assertGone(driver, namesrv, broker) {
  const { printed } = await driver.run('mqadmin', { args: `clusterList -n ${namesrv}` })
  assert.ok(!printed.includes(` ${broker} `), `${broker} stopped and is still in\n${printed}`)
}

/** @param {Context} context @param {Driver} driver */
async function bothKinds(context, driver) {
  const { servers, target } = context
  const ours = await servers.startNameServer(target)
  const java = await servers.startNameServer('apache')
  const namesrv = `${ours.address};${java.address}`
  const config = (/** @type {string} */ brokerName) => ({ brokerName })
  const first = { namesrv, store: join(context.dir, 'both-a'), config: config('broker-a') }
  const second = { namesrv, store: join(context.dir, 'both-b'), config: config('broker-b') }
  const a = await servers.startBroker(target, first)
  const b = await servers.startBroker('apache', second)
  for (const one of [ours.address, java.address]) {
    await context.case(
      `both brokers are listed by the ${one === ours.address ? 'first' : 'second'} name server`,
      async () => {
        await assertListed(driver, one, a.address)
        await assertListed(driver, one, b.address)
      },
    )
  }
  await context.case('one topic on both brokers: messages go to both and all arrive', async () => {
    const topic = 'e2e-both'
    await driver.run('mqadmin', {
      args: `updateTopic -c DefaultCluster -t ${topic} -r 4 -w 4 -n ${java.address}`,
    })
    const figures = await driver.run('sendAsync', { namesrv, topic })
    assert.equal(figures.brokers, 2, 'brokers that were sent to')
    return figures
  })
  await context.case('a running producer and consumer go on when one name server ends', async () => {
    const client = { namesrv, topic: 'e2e-both-load' }
    const producing = driver.start('produce', { ...client, file: join(context.dir, 'acknowledged.txt') })
    await producing.until(
      ({ acknowledged }) => acknowledged > 0,
      progressDeadlineMs,
      'a first acknowledgement',
    )
    const consuming = driver.start('consume', { ...client, file: join(context.dir, 'seen.txt') })
    await consuming.until(({ seen }) => seen >= 500, progressDeadlineMs, '500 messages consumed')
    await ours.stop()
    const more = consuming.figures.seen + 2_000
    await consuming.until(({ seen }) => seen >= more, progressDeadlineMs, '2000 messages consumed after that')
    const { acknowledged, failed } = await producing.stop()
    await consuming.until(({ seen }) => seen >= acknowledged, progressDeadlineMs, 'all messages consumed')
    await consuming.stop()
    assert.equal(failed, 0, 'sends that failed')
    return { acknowledged }
  })
  await Promise.all([a.kill(), b.kill(), java.kill()])
}

export const mixedSuite = {
  name: 'mixed',
  proves: 'Java brokers at our name server, our broker at Java name servers, both kinds in one cluster',
  needs: /** @type {import('../lib/suite.mjs').Need[]} */ (['java-5.3.3']),
  /** @param {Context} context */
  async run(context) {
    const { servers, target } = context
    const driver = await context.startDriver('java-5.3.3')
    /** @type {[string, import('../lib/servers.mjs').Kind, import('../lib/servers.mjs').Kind][]} */
    const pairs = [
      ['Java broker at our name server', target, 'apache'],
      ['our broker at a Java name server', 'apache', target],
    ]
    for (const [name, namesrvKind, brokerKind] of pairs) {
      await context.case(`${name}: registers, serves a Java client, unregisters`, async () => {
        const namesrv = await servers.startNameServer(namesrvKind)
        const store = join(context.dir, name.replaceAll(' ', '-'))
        const broker = await servers.startBroker(brokerKind, { namesrv: namesrv.address, store })
        await assertListed(driver, namesrv.address, broker.address)
        await useDeployment(driver, namesrv.address, name.replaceAll(' ', '-'))
        await broker.stop()
        await assertGone(driver, namesrv.address, broker.address)
        await namesrv.stop()
      })
      await servers.killBrokers()
    }
    await bothKinds(context, driver)
    await driver.stop()
  },
}
