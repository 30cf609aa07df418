import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Random, seededRandom, silentLogger } from '@aerobee/base'
import { type Answer, type CallOptions, ConnectionPool } from '@aerobee/net'
import { FaultFileSystem, forEachSeed, VirtualClock } from '@aerobee/testkit'
import { bodies, type Command, commands, type Encodable, type FieldSet } from '@aerobee/wire'
import {
  type Effects,
  forbiddenKey,
  groupKey,
  Model,
  none,
  offsetKey,
  topicKey,
} from './administration-model.test.js'
import type { BrokerConfig } from './config-keys.js'
import { newGroupConfig } from './groups.js'
import { newTopicConfig } from './topics.js'
import { TransactionScene } from './transactions/transaction-scene.test.js'

/**
 * Topics, groups and offsets that administrators make, change and take away, while the broker dies at any write or
 * loses power. What was answered is done; what was not is done or not done.
 */

const topics = ['A', 'B', 'Batch'] as const
const groups = ['G', 'H'] as const
const queueIds = [0, 1] as const
class Administrator {
  readonly scene: TransactionScene
  readonly model: Model
  readonly #pool: ConnectionPool
  readonly #random: Random
  #numbers = 0

  constructor(scene: TransactionScene, model: Model, random: Random) {
    this.scene = scene
    this.model = model
    this.#random = random
    const { clock, network } = scene
    this.#pool = new ConnectionPool({ transport: network.transport('10.0.0.9'), clock, logger: silentLogger })
  }

  /** Undefined: the broker died before it answered. */
  async ask<Req extends FieldSet, Res extends FieldSet>(
    command: Command<Req, Res>,
    fields: Encodable<Req>,
    options?: CallOptions,
  ): Promise<Answer<Res> | undefined> {
    const { clock, disk, config } = this.scene
    const calling = this.#pool.call(`10.0.0.1:${config.listenPort}`, command, fields, options)
    const killed = disk.faults.whenKilled.then(() => undefined)
    const answer = await Promise.race([killed, clock.resolve(calling)]).catch((thrown) => {
      if (!disk.killed) throw thrown
      return undefined
    })
    return disk.killed ? undefined : answer
  }

  /** A request that must be granted, and what it does. */
  async #change<Req extends FieldSet, Res extends FieldSet>(
    effects: Effects,
    command: Command<Req, Res>,
    fields: Encodable<Req>,
    { body, durable = true }: { body?: Uint8Array; durable?: boolean } = {},
  ): Promise<boolean> {
    this.model.tried(effects)
    const answer = await this.ask(command, fields, body && { body })
    if (answer === undefined) return false
    assert.equal(answer.code, 0, `${command.name} ${JSON.stringify(fields)}: ${answer.remark}`)
    this.model.done(effects, durable)
    return true
  }

  /** One request of any kind that makes sense now. */
  async act(): Promise<void> {
    const random = this.#random
    const topic = topics[random.below(topics.length)]!
    const group = groups[random.below(groups.length)]!
    const other = groups.find((name) => name !== group)!
    const queueId = random.below(queueIds.length)
    const { model } = this
    const both = model.now(topicKey(topic)) !== none && model.now(groupKey(group)) !== none
    switch (random.below(13)) {
      case 0:
      case 1:
        return this.#makeTopics(random.below(3) === 0 ? [...topics] : [topic])
      case 2:
        return this.#makeGroups(random.below(3) === 0 ? [...groups] : [group])
      case 3:
        return this.#deleteTopic(topic)
      case 4:
        return this.#deleteGroup(group, random.below(2) === 0)
      case 5:
        if (both) await this.#forbid(group, topic)
        return
      case 6:
        if (both) await this.#clone(group, other, random.below(3) === 0 ? undefined : topic)
        return
      case 7:
      case 8:
        if (both) await this.#reset(group, topic, queueId)
        return
      case 9:
        return this.#clean()
      case 10:
        if (both) await this.#commit(group, topic, queueId)
        return
      default:
        if (model.now(topicKey(topic)) !== none) await this.#send(topic, queueId)
    }
  }

  async #makeTopics(names: readonly string[]): Promise<void> {
    const perm = [4, 6, 7][this.#random.below(3)]!
    const effects = names.map((name) => [topicKey(name), String(perm)] as const)
    const attributes = { queue: { '+queue.type': 'BatchCQ' }, plain: {} }
    const isNew = (name: string) => this.model.now(topicKey(name)) === none
    const topicConfigList = names.map((name) =>
      newTopicConfig(name, queueIds.length, perm, {
        attributes: name === 'Batch' && isNew(name) ? attributes.queue : attributes.plain,
      }),
    )
    await this.#change(
      effects,
      commands.updateAndCreateTopicList,
      {},
      {
        body: Buffer.from(JSON.stringify({ topicConfigList })),
      },
    )
  }

  async #makeGroups(names: readonly string[]): Promise<void> {
    const retryMaxTimes = 1 + this.#random.below(20)
    const effects = names.map((name) => [groupKey(name), String(retryMaxTimes)] as const)
    const groupConfigList = names.map((name) => newGroupConfig(name, { retryMaxTimes }))
    const body = bodies.subscriptionGroupList.encode({ groupConfigList })
    await this.#change(effects, commands.updateAndCreateSubscriptionGroupList, {}, { body })
  }

  async #deleteTopic(topic: string): Promise<void> {
    const offsets = groups.flatMap((group) =>
      queueIds.map((queueId) => [offsetKey(group, topic, queueId), none] as const),
    )
    const messages = [...this.model.messages].filter(([key]) => key.startsWith(`${topic} `))
    this.model.forget(topic)
    const effects = [[topicKey(topic), none] as const, ...offsets]
    if (!(await this.#change(effects, commands.deleteTopicInBroker, { topic }))) return
    this.model.offsetsSaved()
    const left = await this.bodies(topic)
    assert.equal(left.length, 0, `${topic} of ${messages.length} messages is empty`)
  }

  async #deleteGroup(groupName: string, cleanOffset: boolean): Promise<void> {
    const ofTopics = topics.flatMap((topic) => [
      [forbiddenKey(groupName, topic), none] as const,
      ...(cleanOffset
        ? queueIds.map((queueId) => [offsetKey(groupName, topic, queueId), none] as const)
        : []),
    ])
    const effects = [[groupKey(groupName), none] as const, ...ofTopics]
    const done = await this.#change(effects, commands.deleteSubscriptionGroup, { groupName, cleanOffset })
    if (done && cleanOffset) this.model.offsetsSaved()
  }

  async #forbid(group: string, topic: string): Promise<void> {
    const key = forbiddenKey(group, topic)
    const readable = this.model.now(key) !== none
    const fields = { group, topic, readable }
    await this.#change([[key, readable ? none : 'yes']], commands.updateAndGetGroupForbidden, fields)
  }

  async #clone(srcGroup: string, destGroup: string, topic: string | undefined): Promise<void> {
    const effects: [string, string][] = []
    for (const name of topic === undefined ? topics : [topic]) {
      if (this.model.now(topicKey(name)) === none) continue
      const from = queueIds.map((queueId) => this.model.now(offsetKey(srcGroup, name, queueId)))
      if (from.every((offset) => offset === none)) continue
      for (const [i, queueId] of queueIds.entries())
        effects.push([offsetKey(destGroup, name, queueId), from[i]!])
    }
    const fields = { srcGroup, destGroup, topic, offline: true }
    if (await this.#change(effects, commands.cloneGroupOffset, fields)) this.model.offsetsSaved()
  }

  async #reset(group: string, topic: string, queueId: number): Promise<void> {
    const end = this.scene.store.maxOffset(topic, queueId)
    const min = this.scene.store.minOffset(topic, queueId)
    const offset = min + this.#random.below(end - min + 1)
    const toEnd = this.#random.below(3) === 0
    const effects: [string, string][] = toEnd
      ? queueIds.map((id) => [offsetKey(group, topic, id), String(this.scene.store.maxOffset(topic, id))])
      : [[offsetKey(group, topic, queueId), String(offset)]]
    const place = toEnd ? { queueId: -1 } : { queueId, offset }
    const fields = { group, topic, timestamp: -1, isForce: true, ...place }
    if (await this.#change(effects, commands.invokeBrokerToResetOffset, fields)) this.model.offsetsSaved()
  }

  /** Saved within some seconds only. */
  async #commit(consumerGroup: string, topic: string, queueId: number): Promise<void> {
    const commitOffset = this.#random.below(this.scene.store.maxOffset(topic, queueId) + 1)
    const key = offsetKey(consumerGroup, topic, queueId)
    const fields = { consumerGroup, topic, queueId, commitOffset }
    this.model.tried([[key, String(commitOffset)]])
    const answer = await this.ask(commands.updateConsumerOffset, fields)
    // Not taken while a reset waits for the next pull.
    if (answer?.remark === null) this.model.done([[key, String(commitOffset)]], false)
  }

  /** Queues whose topic is gone go too. */
  async #clean(): Promise<void> {
    await this.#change([], commands.cleanExpiredConsumeQueue, {})
    for (const topic of topics) if (this.model.now(topicKey(topic)) === none) this.model.forget(topic)
    if (!(await this.#change([], commands.cleanUnusedTopic, {}))) return
    for (const topic of topics)
      if (this.model.now(topicKey(topic)) === none) assert.deepEqual(await this.bodies(topic), [])
  }

  async #send(topic: string, queueId: number): Promise<void> {
    for (let i = this.#random.below(5); i >= 0; i--) {
      const body = `${topic} ${this.#numbers++} at ${this.scene.clock.wallMs()}`
      const fields = {
        ...{ producerGroup: 'P', topic, defaultTopic: 'TBW102', defaultTopicQueueNums: 2, queueId },
        ...{ sysFlag: 0, bornTimestamp: 0, flag: 0, properties: '' },
      }
      const answer = await this.ask(commands.sendMessageV2, fields, { body: Buffer.from(body) })
      if (answer?.code === 0)
        this.model.messages.set(`${topic} ${queueId} ${answer.fields!.queueOffset}`, body)
    }
  }

  async bodies(topic: string): Promise<(readonly [where: string, body: string])[]> {
    const found: (readonly [string, string])[] = []
    for (const queueId of queueIds)
      for (const { queueOffset, body } of await this.scene.queue(topic, queueId))
        found.push([`${topic} ${queueId} ${queueOffset}`, Buffer.from(body).toString()])
    return found
  }

  /** As the broker answers. */
  async found(key: string): Promise<string> {
    const [kind, first = '', second = '', third = ''] = key.split(' ')
    if (kind === 'topic') return this.#topic(first)
    if (kind === 'group') return this.#group(first)
    if (kind === 'forbidden') return this.#forbidden(first, second)
    const fields = { consumerGroup: first, topic: second, queueId: Number(third), setZeroIfNotFound: false }
    const answer = (await this.ask(commands.queryConsumerOffset, fields))!
    return answer.code === 0 ? String(answer.fields!.offset) : none
  }

  async #topic(topic: string): Promise<string> {
    const answer = (await this.ask(commands.getTopicConfig, { topic }))!
    if (answer.code === 17) return none
    return String((JSON.parse(Buffer.from(answer.body).toString()) as { perm: number }).perm)
  }

  async #group(group: string): Promise<string> {
    const answer = (await this.ask(commands.getSubscriptionGroupConfig, { group }))!
    if (answer.code === 26) return none
    const config = bodies.subscriptionGroupConfig.decode(answer.body)
    assert.ok(config.ok)
    return String(config.value.retryMaxTimes)
  }

  async #forbidden(group: string, topic: string): Promise<string> {
    const answer = (await this.ask(commands.updateAndGetGroupForbidden, {
      group,
      topic,
      readable: undefined,
    }))!
    const state = bodies.groupForbidden.decode(answer.body)
    assert.ok(state.ok)
    return state.value.readable ? none : 'yes'
  }

  /** After a start: what is there may be there, and counts from now on. */
  async check(what: string): Promise<void> {
    const { model, scene } = this
    for (const [key, { allowed }] of model.facts) {
      const value = await this.found(key)
      const [kind, , topic = '', queueId = ''] = key.split(' ')
      const end = kind === 'offset' ? scene.store.maxOffset(topic, Number(queueId)) : 0
      // An offset behind the end of its queue is cut to it.
      const possible = [...allowed].map((one) => (kind === 'offset' && Number(one) > end ? String(end) : one))
      assert.ok(possible.includes(value), `${what}: ${key} is ${value}, not one of ${possible}`)
      model.facts.set(key, { now: value, allowed: new Set([value]) })
    }
    for (const topic of topics) {
      const found = new Map(await this.bodies(topic))
      for (const [key, body] of model.messages)
        if (key.startsWith(`${topic} `)) assert.equal(found.get(key), body, `${what}: ${key}`)
      model.forget(topic)
      for (const [key, body] of found) model.messages.set(key, body)
    }
  }
}

async function lives(seed: number): Promise<void> {
  const random = seededRandom(seed)
  const flushDiskType = random.below(3) === 0 ? 'ASYNC_FLUSH' : 'SYNC_FLUSH'
  const config: Partial<BrokerConfig> = {
    flushDiskType,
    autoCreateSubscriptionGroup: false,
    autoCreateTopicEnable: false,
    mappedFileSizeCommitLog: 16 * 1024,
    enableLmq: random.below(4) === 0,
    flushConsumerOffsetInterval: [1000, 5000][random.below(2)]!,
  }
  const model = new Model()
  let disk = new FaultFileSystem({ seed })
  for (let life = 0; life < 6; life++) {
    const clock = new VirtualClock(1_704_067_200_000 + life * 200_000)
    const scene = await TransactionScene.started({ disk, clock, config })
    const administrator = new Administrator(scene, model, random)
    await administrator.check(`life ${life}`)
    if (random.below(4) > 0) disk.killAfterStep(disk.steps + 1 + random.below(60), random.below(2) === 0)
    for (let i = 3 + random.below(15); i > 0 && !disk.killed; i--) {
      await administrator.act()
      if (random.below(3) === 0) await passing(clock, disk, [20, 300, 1500, 7000][random.below(4)]!)
    }
    if (!disk.killed && random.below(3) === 0) await scene.stop().catch(() => assert.ok(disk.killed))
    const cut = random.below(2) === 0
    disk.kill()
    disk = cut ? disk.afterPowerCut() : disk.afterKill()
    if (cut && flushDiskType === 'ASYNC_FLUSH') model.messages.clear()
  }
}

async function passing(clock: VirtualClock, disk: FaultFileSystem, ms: number): Promise<void> {
  await clock.advance(ms).catch((thrown) => {
    if (!disk.killed) throw thrown
  })
}

test('what an administrator was told is done stays done, and nothing is half done', () =>
  forEachSeed(20, lives))

test('a group gets what takes the place of messages that a power cut took, also after another crash', async () => {
  const first = await TransactionScene.started()
  const producer = first.producer()
  const administrator = new Administrator(first, new Model(), seededRandom(1))
  for (let i = 0; i < 5; i++) await producer.end(await producer.prepare(`lost ${i}`), 'commit')
  const fields = { consumerGroup: 'G', topic: 'T', queueId: 0 }
  const body = bodies.subscriptionGroupConfig.encode(newGroupConfig('G'))
  await administrator.ask(commands.updateAndCreateSubscriptionGroup, {}, { body })
  const saving = await administrator.ask(commands.updateConsumerOffset, { ...fields, commitOffset: 5 })
  assert.equal(saving?.code, 0)
  const hold = first.disk.hold('datasync', /commitlog/)
  await first.clock.advance(7000)
  assert.ok(hold.waiting > 0)
  const clock = new VirtualClock(first.clock.wallMs())
  const second = await TransactionScene.started({ disk: first.disk.afterPowerCut({ keep: 'none' }), clock })
  const again = second.producer()
  for (let i = 0; i < 6; i++) await again.end(await again.prepare(`new ${i}`), 'commit')
  second.disk.kill()
  const third = await second.killed()
  assert.equal((await third.bodies('T'))[0], 'new 0')
  const next = new Administrator(third, new Model(), seededRandom(1))
  const committed = await next.ask(commands.queryConsumerOffset, { ...fields, setZeroIfNotFound: false })
  assert.equal(committed?.fields?.offset, 0)
  await third.stop()
})
