// Java consumers and ours are members of one group: they join, leave and are killed under load.
import { join } from 'node:path'
import { again, assertNothingLost, assertOrderly, readSpans } from '../lib/deliveries.mjs'
import { makeTopic } from '../lib/probe.mjs'
import { importClient } from '../lib/tools.mjs'
import { until } from '../lib/wait.mjs'

/** @typedef {import('../lib/suite.mjs').Context} Context */
/** @typedef {import('../lib/suite.mjs').Need} Need */
/** @typedef {import('../lib/driver.mjs').Driver} Driver */

const queues = 8
const shardingKeys = 24
/** The lock of a member that was killed lives for 60 s where brokers do not look at connections. */
const balanceDeadlineMs = 90_000
const drainDeadlineMs = 90_000

/** A group under load, and everybody who ever was its member. */
class Group {
  /**
   * @param {Context} context
   * @param {import('../lib/servers.mjs').Cluster} cluster
   * @param {boolean} orderly
   */
  constructor(context, cluster, orderly) {
    this.context = context
    this.cluster = cluster
    this.orderly = orderly
    this.topic = orderly ? 'e2e-group-orderly' : 'e2e-group'
    /** @type {{ name: string, file: string }[]} */
    this.files = []
    /** @type {Map<string, { driver: Driver, scenario: ReturnType<Driver['start']> }>} */
    this.members = new Map()
    /** @type {Set<number>} */
    this.sent = new Set()
    this.loading = true
    this.slowestMs = 0
  }

  /** Sends until told to stop, message n with the sharding key n mod 24. */
  async load() {
    const { Producer } = await importClient()
    const { topic } = this
    const { namesrv } = this.cluster
    const producer = await new Producer({ namesrvAddr: namesrv, producerGroup: `${topic}-producer` }).start()
    for (let n = 0; this.loading; n += 1) {
      await producer.send({ topic, body: `${n}`, shardingKey: `key-${n % shardingKeys}` })
      this.sent.add(n)
      await new Promise((resolve) => setTimeout(resolve, 3))
    }
    await producer.close()
  }

  /** @param {string} name @param {Driver} driver */
  join(name, driver) {
    const file = join(this.context.dir, `${this.topic}-${name}.txt`)
    const { namesrv, broker } = this.cluster
    const parameters = { namesrv, broker, topic: this.topic, group: `${this.topic}-members`, file }
    const scenario = driver.start('member', { ...parameters, ...(this.orderly && { orderly: 1 }) })
    this.files.push({ name, file })
    this.members.set(name, { driver, scenario })
    scenario.result.catch(() => {})
  }

  /** @param {string} name */
  async leave(name) {
    const member = this.members.get(name)
    this.members.delete(name)
    await member?.scenario.stop()
  }

  /** kill -9 @param {string} name */
  async kill(name) {
    const member = this.members.get(name)
    this.members.delete(name)
    await member?.driver.child.kill()
  }

  /** Waits until every queue is served, and each member has its share. */
  async balanced() {
    const start = performance.now()
    const least = Math.floor(queues / this.members.size)
    const shares = () => [...this.members.values()].map(({ scenario }) => scenario.figures.queues ?? 0)
    await until(
      async () => {
        const now = shares()
        return now.reduce((sum, one) => sum + one, 0) === queues && Math.min(...now) >= least
      },
      balanceDeadlineMs,
      `${queues} queues to be shared by ${[...this.members.keys()]}`,
      100,
    ).catch((error) => {
      throw new Error(`${error.message}; the shares are ${shares()}`)
    })
    this.slowestMs = Math.max(this.slowestMs, performance.now() - start)
  }

  spans() {
    return this.files.flatMap(({ name, file }) => readSpans(file, name))
  }

  async drained() {
    await until(
      async () => {
        const finished = new Set(this.spans().flatMap(({ n, end }) => (end === undefined ? [] : [n])))
        return [...this.sent].every((n) => finished.has(n))
      },
      drainDeadlineMs,
      `${this.sent.size} messages to be consumed`,
      500,
    ).catch(() => {})
  }
}

/** @param {Context} context @param {boolean} orderly */
async function joinLeaveDie(context, orderly) {
  const cluster = await context.servers.startCluster(context.target, { store: context.folder('store') })
  const group = new Group(context, cluster, orderly)
  await makeTopic(cluster.broker, group.topic, queues)
  /** @type {Driver[]} */
  const [java5, java4, ours1, ours2] = await Promise.all(
    /** @type {Need[]} */ (['java-5.3.3', 'java-4.9.8', 'client', 'client']).map((need) =>
      context.startDriver(need),
    ),
  )
  const loading = group.load()
  loading.catch(() => {})
  const kind = orderly ? 'orderly' : 'concurrent'
  await context.case(`${kind}: Java 5.3.3, Java 4.9.8 and two of ours join, leave and die`, async () => {
    group.join('ours-1', ours1)
    group.join('java-5.3.3', java5)
    await group.balanced()
    group.join('java-4.9.8', java4)
    await group.balanced()
    await group.leave('java-5.3.3')
    await group.balanced()
    group.join('ours-2', ours2)
    await group.balanced()
    await group.kill('java-4.9.8')
    await group.balanced()
    group.join('java-5.3.3-again', java5)
    await group.balanced()
    await group.kill('ours-1')
    await group.balanced()
    await group.leave('ours-2')
    await group.balanced()
    group.loading = false
    await loading
    await group.drained()
    await group.leave('java-5.3.3-again')
    const spans = group.spans()
    assertNothingLost(spans, group.sent)
    if (orderly) assertOrderly(spans)
    const slowest = (group.slowestMs / 1000).toFixed(1)
    return { messages: group.sent.size, again: again(spans), 'slowest change, s': slowest }
  })
  group.loading = false
  await loading
  await java5.stop()
  await cluster.stop()
}

/** @param {boolean} orderly @returns {import('../lib/suite.mjs').Suite} */
const groupSuite = (orderly) => ({
  name: orderly ? 'groups-orderly' : 'groups',
  proves: `Java consumers and ours share a group, ${orderly ? 'in order' : 'concurrently'}: nothing is lost`,
  needs: ['java-5.3.3', 'java-4.9.8', 'client'],
  run: (context) => joinLeaveDie(context, orderly),
})

export const groupSuites = [groupSuite(false), groupSuite(true)]
