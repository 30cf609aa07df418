// SQL92 filters as third-party clients use them, and groups whose members subscribe in different ways.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { brokerStatus } from '../lib/probe.mjs'
import { propertySets, randomSql } from '../lib/random-sql.mjs'
import { repository } from '../lib/tools.mjs'
import { until } from '../lib/wait.mjs'

/** @typedef {import('../lib/suite.mjs').Context} Context */
/** @typedef {import('../lib/suite.mjs').Need} Need */
/** @typedef {import('../lib/servers.mjs').Cluster} Cluster */
/** @typedef {import('../lib/driver.mjs').Driver} Driver */

const unexpected =
  'org.apache.rocketmq.filter.parser.ParseException: Encountered " ">" "> "" at line 1, column 5.\n' +
  'Was expecting one of:\n    "NOT" ...\n    "TRUE" ...\n    "FALSE" ...\n    "NULL" ...\n' +
  '    <DECIMAL_LITERAL> ...\n    <FLOATING_POINT_LITERAL> ...\n    <STRING_LITERAL> ...\n    <ID> ...\n' +
  '    "(" ...\n    "-" ...\n    "+" ...\n    '

/** @param {Context} context @param {Cluster} cluster @param {Need} need */
async function javaCases(context, cluster, need) {
  const driver = await context.startDriver(need)
  /** @param {string} scenario @param {object} [more] */
  const run = (scenario, more) =>
    driver.run(scenario, {
      namesrv: cluster.namesrv,
      topic: `${scenario}-${need}`.replaceAll('.', '-'),
      ...more,
    })
  await context.case(`${need}: push consumer by SQL92`, () => run('sqlPush'))
  await context.case(`${need}: lite pull consumer by SQL92`, () => run('sqlLitePull'))
  await context.case(`${need}: a consumer with an illegal expression does not start`, async () => {
    assert.deepEqual(await run('sqlStart', { sql: 'n > > 1' }), { code: 23, message: unexpected })
    const { code, message } = await run('sqlStart', { sql: "n > 'x'" })
    assert.deepEqual([code, message], [23, "java.lang.RuntimeException: Value ''x'' cannot be compared."])
    assert.deepEqual(await run('sqlStart', { sql: 'n > 1' }), { code: 0 })
  })
  return driver
}

/** Our parser and evaluation beside RocketMQ's own. @param {Context} context @param {Driver} driver */
async function randomExpressions(context, driver) {
  const seed = Date.now() % 1_000_000
  await context.case('random expressions mean to us what they mean to RocketMQ', async () => {
    const { compileSql } = await import(pathToFileURL(join(repository, 'packages/filter/dist/index.js')).href)
    const expressions = randomSql(seed, 10_000)
    const { judged } = await driver.run('judgeExpressions', {
      expressions: JSON.stringify(expressions),
      properties: JSON.stringify(propertySets),
    })
    let legal = 0
    for (const [i, text] of expressions.entries()) {
      const filter = compileSql(text)
      if (filter.ok) legal += 1
      const ours = filter.ok ? verdictsOf(filter.value) : filter.reason
      assert.equal(withoutDigits(ours), withoutDigits(judged[i]), `seed ${seed}: ${JSON.stringify(text)}`)
    }
    return { seed, legal }
  })
}

/** Older JDKs print some doubles with a digit more. @param {string} text */
const withoutDigits = (text) => text.replace(/\d[\d.]*E-?\d+/g, 'a double')

/** @param {{ matches(bytes: Uint8Array, from: number, to: number): boolean }} filter */
function verdictsOf(filter) {
  return propertySets
    .map((properties) => {
      const pairs = Object.entries(properties).map(([name, value]) => `${name}\u0001${value}\u0002`)
      const stored = Buffer.from(pairs.join(''))
      return filter.matches(stored, 0, stored.length) ? '+' : '-'
    })
    .join('')
}

/** @param {Context} context @param {Cluster} cluster */
async function goCases(context, cluster) {
  const driver = await context.startDriver('go')
  const parameters = { namesrv: cluster.namesrv, broker: cluster.broker }
  await context.case('go: push consumer by SQL92', () =>
    driver.run('sqlPush', { ...parameters, topic: 'sqlPush-go' }),
  )
  await driver.stop()
}

/** @param {Context} context @param {Driver} driver */
async function withoutFilters(context, driver) {
  const store = context.folder('off')
  const cluster = await context.servers.startCluster(context.target, {
    store,
    config: { enablePropertyFilter: false },
  })
  await context.case('without enablePropertyFilter a consumer by SQL92 does not start', async () => {
    const parameters = { namesrv: cluster.namesrv, topic: 'off', sql: 'n > 1' }
    const message = 'The broker does not support consumer to filter message by SQL92'
    assert.deepEqual(await driver.run('sqlStart', parameters), { code: 1, message })
  })
  await cluster.stop()
}

/** @param {Context} context @param {Cluster} cluster @param {Driver} driver */
async function conflicts(context, cluster, driver) {
  const { namesrv, broker } = cluster
  const parameters = { namesrv, topic: 'conflict', group: 'conflict-group' }
  await driver.run('sendOne', { namesrv, topic: 'conflict', n: 0 })
  await context.case('members that subscribe in different ways are shown by brokerStatus', async () => {
    const one = driver.start('subscriber', { ...parameters, tags: 'TagA' })
    await one.until(({ received }) => received === 1, 30_000, 'its message')
    const other = driver.start('subscriber', { ...parameters, tags: 'TagB' })
    const shown = async () => (await brokerStatus(broker)).conflictingSubscriptions ?? ''
    await until(async () => /"TagA".*"TagB"/.test(await shown()), 30_000, 'a conflict in brokerStatus')
    await other.stop()
    await until(async () => (await shown()) === '', 30_000, 'no conflict in brokerStatus')
    await one.stop()
  })
}

/** @param {Context} context @param {Driver} driver */
async function handedOver(context, driver) {
  await context.case('a store with filters goes from our broker to a Java broker', async () => {
    const store = context.folder('handed-over')
    const path = join(store, 'config', 'consumerFilter.json')
    for (const kind of /** @type {const} */ (['aerobee', 'apache'])) {
      const options = { store, separate: true, config: { enablePropertyFilter: true } }
      const cluster = await context.servers.startCluster(kind, options)
      const topic = `handed-over-${kind}`
      await driver.run('sqlPush', { namesrv: cluster.namesrv, topic })
      await until(async () => readFileSync(path, 'utf8').includes(topic), 30_000, `${topic} in ${path}`)
      await cluster.stop()
    }
    // A Java broker forgets filters that come without a bloom filter.
    const table = Object.keys(JSON.parse(readFileSync(path, 'utf8')).filterDataByTopic)
    assert.deepEqual(table, ['handed-over-apache'])
  })
}

/** @param {Context} context @param {Driver} driver */
async function refusedConflicts(context, driver) {
  const cluster = await context.servers.startCluster(context.target, {
    store: context.folder('refusing'),
    config: { rejectConflictingSubscription: true },
  })
  const { namesrv } = cluster
  const parameters = { namesrv, topic: 'refused', group: 'refused-group' }
  await context.case(
    'with rejectConflictingSubscription the later one gets nothing, the first everything',
    async () => {
      await driver.run('sendOne', { namesrv, topic: 'refused', n: 0 })
      const one = driver.start('subscriber', { ...parameters, tags: 'TagA' })
      await one.until(({ received }) => received === 1, 30_000, 'its message')
      const other = driver.start('subscriber', { ...parameters, tags: 'TagB' })
      await other.until(({ started }) => started, 30_000, 'its start')
      await driver.run('sendRange', { namesrv, topic: 'refused', from: 1, to: 31 })
      await one.until(({ received }) => received === 11, 30_000, 'all messages with TagA')
      assert.deepEqual([await other.stop(), await one.stop()], [{ received: 0 }, { received: 11 }])
    },
  )
  await cluster.stop()
}

export const filterSuite = {
  name: 'filters',
  proves:
    'SQL92 filters with Java 5.3.3, Java 4.9.8 and Go; groups whose members subscribe in different ways',
  needs: /** @type {Need[]} */ (['java-5.3.3', 'java-4.9.8', 'go']),
  /** @param {Context} context */
  async run(context) {
    const cluster = await context.servers.startCluster(context.target, {
      store: context.folder('store'),
      config: { enablePropertyFilter: true },
    })
    const java = await javaCases(context, cluster, 'java-5.3.3')
    const older = await javaCases(context, cluster, 'java-4.9.8')
    await older.stop()
    await goCases(context, cluster)
    // What Apache's broker does not have.
    if (context.target === 'aerobee') await randomExpressions(context, java)
    if (context.target === 'aerobee') await conflicts(context, cluster, java)
    await cluster.stop()
    await withoutFilters(context, java)
    if (context.target === 'aerobee') await refusedConflicts(context, java)
    if (context.target === 'aerobee') await handedOver(context, java)
    await java.stop()
  },
}
