import assert from 'node:assert/strict'
import { utf8 } from '@aerobee/base'
import { encodeProperties, encodeRecord, findProperty, hostBytes, recordSizeUpperBound } from '@aerobee/wire'

export interface Stored {
  queueOffset: number
  tags: string | undefined
  storeTimestamp: number
  record: Uint8Array
  /** For messages that are copied elsewhere. */
  given: Put
}

export interface Put {
  topic: string
  queueId: number
  body: Uint8Array | string
  properties?: Record<string, string>
  /** In place of properties: as they came. */
  propertiesText?: string
  flag?: number
  sysFlag?: number
  reconsumeTimes?: number
  bornTimestamp?: number
}

/** Messages of a stand-in broker: topics of queues of records, as a commit log would have them. */
export class FakeQueues {
  readonly #topics = new Map<string, Stored[][]>()
  /** By physical offset. */
  readonly #log = new Map<number, Stored & { topic: string; queueId: number }>()
  #logEnd = 0
  /** Offsets below it were deleted, by `topic@queueId`. */
  readonly minimum = new Map<string, number>()

  create(topic: string, queues: number): void {
    const list = this.#topics.get(topic) ?? []
    while (list.length < queues) list.push([])
    this.#topics.set(topic, list)
  }

  has(topic: string): boolean {
    return this.#topics.has(topic)
  }

  count(topic: string): number {
    return this.#topics.get(topic)?.length ?? 0
  }

  topics(): [string, number][] {
    return [...this.#topics].map(([topic, queues]) => [topic, queues.length])
  }

  queue(topic: string, queueId: number): Stored[] | undefined {
    return this.#topics.get(topic)?.[queueId]
  }

  min(topic: string, queueId: number): number {
    return this.minimum.get(`${topic}@${queueId}`) ?? 0
  }

  max(topic: string, queueId: number): number {
    return this.queue(topic, queueId)?.length ?? 0
  }

  at(physicalOffset: number) {
    return this.#log.get(physicalOffset)
  }

  bodies(topic: string): string[] {
    return (this.#topics.get(topic) ?? []).flat().map(({ given }) => Buffer.from(given.body).toString())
  }

  put(given: Put, wallMs: number): Stored & { physicalOffset: number } {
    const queue = this.queue(given.topic, given.queueId)
    assert.ok(queue, `queue ${given.queueId} of ${given.topic} exists`)
    const host = hostBytes('10.0.1.1', 10911)!
    const fields = {
      queueId: given.queueId,
      flag: given.flag ?? 0,
      sysFlag: given.sysFlag ?? 0,
      bornTimestamp: given.bornTimestamp ?? wallMs,
      bornHost: hostBytes('10.0.0.1', 50_000)!,
      storeHost: host,
      reconsumeTimes: given.reconsumeTimes ?? 0,
      preparedTransactionOffset: 0,
      body: typeof given.body === 'string' ? utf8(given.body) : given.body,
      properties: given.propertiesText ?? encodeProperties(Object.entries(given.properties ?? {})),
    }
    const topic = utf8(given.topic)
    const target = Buffer.alloc(recordSizeUpperBound(fields, topic.length))
    const view = new DataView(target.buffer, target.byteOffset, target.length)
    const physicalOffset = this.#logEnd
    const size = encodeRecord(target, view, 0, fields, topic, queue.length, physicalOffset, wallMs)
    const stored: Stored = {
      queueOffset: queue.length,
      tags: findProperty(fields.properties, 'TAGS'),
      storeTimestamp: wallMs,
      record: target.subarray(0, size),
      given: { ...given, propertiesText: fields.properties },
    }
    queue.push(stored)
    this.#logEnd += size
    this.#log.set(physicalOffset, { ...stored, topic: given.topic, queueId: given.queueId })
    return { ...stored, physicalOffset }
  }
}
