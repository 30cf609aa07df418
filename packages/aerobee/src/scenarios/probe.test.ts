import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { silentLogger, utf8 } from '@aerobee/base'
import { type Answer, ConnectionPool } from '@aerobee/net'
import {
  type Command,
  commands,
  decodeRecords,
  type Encodable,
  type FieldSet,
  type MessageRecord,
  responseCodes,
} from '@aerobee/wire'
import { type Scene, topic } from './scene.test.js'

/** Looks into the broker from outside, by the protocol, for the history; holds no tests itself. */

const queueIds = [0, 1, 2, 3]
const brokerName = 'broker-a'
const queueName = (queueId: number) => `${brokerName}:${queueId}`

export class Probe {
  readonly #scene: Scene
  readonly #pool: ConnectionPool

  constructor(scene: Scene) {
    this.#scene = scene
    const transport = scene.transport()
    this.#pool = new ConnectionPool({ transport, clock: scene.clock, logger: silentLogger })
  }

  async close(): Promise<void> {
    await this.#scene.clock.resolve(this.#pool.close())
  }

  /** Every record of every queue into the history, as what `place` holds. Returns how many. */
  async noteStored(place: string): Promise<number> {
    let count = 0
    for (const queueId of queueIds)
      for (const { record, bytes } of await this.records(queueId)) {
        const digest = createHash('sha256').update(bytes).digest('base64')
        const { queueOffset: offset } = record
        this.#scene.history.stored.push({ place, topic, queue: queueName(queueId), offset, digest })
        count++
      }
    return count
  }

  /** What a group has committed, into the history. `life`: commits of a killed broker's last seconds may be lost. */
  async noteCommits(life: string, group = 'readers'): Promise<void> {
    for (const queueId of queueIds) {
      const offset = await this.committed(queueId, group)
      if (offset === undefined) continue
      const maxOffset = await this.maxOffset(queueId)
      const commit = { group: `${group} ${life}`, topic, queue: queueName(queueId), offset, maxOffset }
      this.#scene.history.commits.push(commit)
    }
  }

  async committed(queueId: number, group = 'readers'): Promise<number | undefined> {
    const fields = { consumerGroup: group, topic, queueId, setZeroIfNotFound: false }
    const answer = await this.#call(commands.queryConsumerOffset, fields)
    return answer.code === responseCodes.QUERY_NOT_FOUND ? undefined : answer.fields!.offset
  }

  /** Commits make no group. */
  async createGroup(groupName = 'readers'): Promise<number> {
    const body = utf8(JSON.stringify({ groupName }))
    return (await this.#call(commands.updateAndCreateSubscriptionGroup, {}, body)).code
  }

  async commit(queueId: number, commitOffset: number, group = 'readers'): Promise<number> {
    const fields = { consumerGroup: group, topic, queueId, commitOffset }
    return (await this.#call(commands.updateConsumerOffset, fields)).code
  }

  /** Puts the group at an offset. Resolves to whether the broker says so. */
  async reset(queueId: number, offset: number, group = 'readers'): Promise<boolean> {
    const fields = { topic, group, queueId, offset, timestamp: -1, isForce: true }
    const calling = this.#pool.call(this.#scene.brokerAddr, commands.invokeBrokerToResetOffset, fields)
    const answered = calling.then(({ code }) => code === responseCodes.SUCCESS).catch(() => false)
    return this.#scene.clock.resolve(answered)
  }

  async maxOffset(queueId: number): Promise<number> {
    return (await this.#call(commands.getMaxOffset, { topic, queueId })).fields!.offset
  }

  async records(queueId: number): Promise<{ record: MessageRecord; bytes: Uint8Array }[]> {
    const all: { record: MessageRecord; bytes: Uint8Array }[] = []
    const end = await this.maxOffset(queueId)
    let offset = (await this.#call(commands.getMinOffset, { topic, queueId })).fields!.offset
    while (offset < end) {
      const answer = await this.#call(commands.pullMessage, {
        consumerGroup: 'probe',
        topic,
        queueId,
        queueOffset: offset,
        maxMsgNums: 32,
        sysFlag: 4,
        commitOffset: 0,
        suspendTimeoutMillis: 0,
        subscription: '*',
        subVersion: 0,
      })
      assert.ok(answer.fields!.nextBeginOffset > offset, `the pull at ${offset} goes on: ${answer.remark}`)
      const records = decodeRecords(answer.body)
      assert.ok(records.ok)
      let at = 0
      for (const record of records.value) {
        const size = Buffer.from(answer.body.buffer, answer.body.byteOffset).readInt32BE(at)
        all.push({ record, bytes: answer.body.slice(at, at + size) })
        at += size
      }
      offset = answer.fields!.nextBeginOffset
    }
    return all
  }

  #call<Req extends FieldSet, Res extends FieldSet>(
    command: Command<Req, Res>,
    fields: Encodable<Req>,
    body?: Uint8Array,
  ): Promise<Answer<Res>> {
    return this.#scene.clock.resolve(this.#pool.call(this.#scene.brokerAddr, command, fields, { body }))
  }
}
