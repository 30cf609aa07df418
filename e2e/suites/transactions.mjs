// Transactions and requests with replies, by the Java clients, Go's and ours; halves on their way between two kinds of broker.
import { freePort } from '../lib/ports.mjs'

/** @typedef {import('../lib/suite.mjs').Context} Context */
/** @typedef {import('../lib/suite.mjs').Need} Need */
/** @typedef {import('../lib/driver.mjs').Driver} Driver */
/** @typedef {import('../lib/servers.mjs').Kind} Kind */

/** Apache's broker checks what it has not written down yet, so the age is above the batch interval. */
const config = {
  transactionTimeOut: 2500,
  transactionCheckInterval: 1000,
  transactionCheckMax: 1000,
  transactionOpBatchInterval: 300,
}

/** @param {Context} context @param {Driver} driver */
async function givenUp(context, driver) {
  await context.case('what never gets an outcome is given up', async () => {
    const cluster = await context.servers.startCluster(context.target, {
      store: context.folder('given-up'),
      config: { ...config, transactionCheckMax: 2 },
    })
    const { namesrv, broker } = cluster
    const result = await driver.run('givenUp', { namesrv, broker, topic: 'e2e-given-up', checks: 2 })
    await cluster.stop()
    return result
  })
}

/** @param {'java-5.3.3' | 'java-4.9.8' | 'go' | 'client'} need */
const clientSuite = (need) => ({
  name: `transactions-${need}`,
  proves: `transactions of the client ${need}: commit, roll back, unknown and then asked, across a stop and a kill of the broker${need === 'client' ? '' : '; immunity, what is given up; requests and replies'}`,
  needs: /** @type {Need[]} */ ([need]),
  /** @param {Context} context */
  async run(context) {
    const cluster = await context.servers.startCluster(context.target, {
      store: context.folder('store'),
      separate: true,
      config,
    })
    const driver = await context.startDriver(need)
    const { namesrv, broker } = cluster
    await context.case('commit, roll back, and both when the broker asks', () =>
      driver.run('outcomes', { namesrv, broker, topic: 'e2e-transactions' }),
    )
    // Ours does the rest among its own cases.
    if (need !== 'client') {
      await context.case('no check before the time that a half asks for', () =>
        driver.run('immunity', { namesrv, broker, topic: 'e2e-immunity' }),
      )
      await context.case('requests and replies', () =>
        driver.run('requests', { namesrv, broker, topic: 'e2e-requests' }),
      )
    }
    // Apache's broker stores some commits twice when it is stopped or killed.
    const ends = context.target === 'apache' ? [] : ['stopped', 'killed']
    for (const end of ends)
      await context.case(`a broker ${end} with halves asks for them afterwards`, async () => {
        const parameters = { namesrv, broker, topic: `e2e-halves-${end}` }
        await driver.run('halves', parameters)
        if (end === 'stopped') await cluster.stopBroker()
        else await cluster.killBroker()
        await cluster.start()
        const killed = end === 'killed' ? 1 : 0
        return driver.run('outcomes', { ...parameters, first: 40, count: 44, killed })
      })
    await cluster.stop()
    if (need !== 'client') await givenUp(context, driver)
    await driver.stop()
  },
})

/**
 * @param {Context} context
 * @param {Driver} driver
 * @param {string} namesrv
 * @param {readonly [Kind, Kind]} kinds who takes the halves, and who asks for them
 * @param {boolean} clean
 */
async function handOver(context, driver, namesrv, [first, second], clean) {
  const port = await freePort([-2, 1])
  const store = context.folder(`store-${port}`)
  /** @param {Kind} kind */
  const open = (kind) => context.servers.startBroker(kind, { namesrv, store, port, config })
  const parameters = { namesrv, topic: `e2e-halves-${port}` }
  const before = await open(first)
  await driver.run('halves', parameters)
  if (clean) await before.stop()
  else await before.kill()
  const after = await open(second)
  const result = await driver.run('outcomes', { ...parameters, first: 40, count: 44, killed: clean ? 0 : 1 })
  await after.stop()
  return result
}

const handOverSuite = {
  name: 'transactions-store',
  proves: 'halves that wait in the store of one kind of broker are asked for by the other',
  needs: /** @type {Need[]} */ (['java-5.3.3']),
  /** @param {Context} context */
  async run(context) {
    const { target } = context
    const namesrv = await context.servers.startNameServer(target)
    const driver = await context.startDriver('java-5.3.3')
    /** @type {[string, readonly [Kind, Kind], boolean][]} */
    const ways = [
      ['ours stopped, then Java', [target, 'apache'], true],
      ['Java stopped, then ours', ['apache', target], true],
      ['Java killed, then ours', ['apache', target], false],
    ]
    for (const [name, kinds, clean] of ways)
      await context.case(name, async () => {
        try {
          return await handOver(context, driver, namesrv.address, kinds, clean)
        } finally {
          await context.servers.killBrokers()
        }
      })
    await driver.stop()
    await namesrv.stop()
  },
}

/** @type {import('../lib/suite.mjs').Suite[]} */
export const transactionSuites = [
  clientSuite('java-5.3.3'),
  clientSuite('java-4.9.8'),
  clientSuite('go'),
  clientSuite('client'),
  handOverSuite,
]
