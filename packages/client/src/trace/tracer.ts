import { errorText, type Timer, utf8 } from '@aerobee/base'
import { encodeProperties, propertyNames, systemTopicNames, uniqIdGenerator } from '@aerobee/wire'
import type { ClientInstance } from '../client-instance.js'
import { processId } from '../environment.js'
import { QueueChoice } from '../producer/queue-choice.js'
import { sendOnce } from '../producer/send-once.js'
import type { Role } from '../role.js'
import { type TraceRecord, traceKeys, traceText } from './trace-records.js'

/** Records that wait; more are dropped. */
const mostWaiting = 2048
const mostPerMessage = 20
const flushMs = 5000
const sendTimeoutMs = 5000
const mostBytes = 128_000

export interface TraceOptions {
  /** Whether messages are traced. Default false. */
  enableTrace?: boolean
  /** Default RMQ_SYS_TRACE_TOPIC. */
  traceTopic?: string
  /** Records of one trace message, at most 20. Default 10. */
  traceMsgBatchNum?: number
  /** CLOUD: the topics and the form of managed services. Default LOCAL. */
  accessChannel?: 'LOCAL' | 'CLOUD'
}

/**
 * Sends trace records in the background: when a message is full, and every five seconds. It never slows anything down: what
 * is too much, or cannot be sent, is dropped.
 */
export class Tracer {
  readonly topic: string
  readonly newId: () => string
  readonly #instance: ClientInstance
  readonly #group: string
  readonly #batch: number
  readonly #cloud: boolean
  readonly #choice: QueueChoice
  readonly #role: Role
  readonly #sending = new Set<Promise<void>>()
  #waiting: TraceRecord[] = []
  #timer: Timer | undefined
  #dropped = 0
  #stopped = false

  constructor(instance: ClientInstance, group: string, kind: 'PRODUCE' | 'CONSUME', options: TraceOptions) {
    const { clock, random } = instance.surroundings
    this.topic = options.traceTopic ?? systemTopicNames.trace
    this.#instance = instance
    this.#batch = Math.max(1, Math.min(options.traceMsgBatchNum ?? 10, mostPerMessage))
    this.#cloud = options.accessChannel === 'CLOUD'
    this.#group = `_INNER_TRACE_PRODUCER-${group}-${kind}-${instance.roles.size + 1}`
    this.#choice = new QueueChoice(random.below(1000))
    this.newId = uniqIdGenerator({
      ip: random.bytes(4),
      pid: processId(),
      random,
      now: () => clock.wallMs(),
    })
    this.#role = {
      producerGroup: this.#group,
      topics: () => (this.#cloud ? [] : [this.topic]),
      close: () => Promise.resolve(),
    }
  }

  /** Records of this topic would make records without end. */
  traces(topic: string): boolean {
    return topic !== this.topic && !topic.startsWith('rmq_sys_TRACE_DATA_')
  }

  start(): void {
    this.#instance.addRole(this.#role)
    this.#timer = this.#instance.surroundings.clock.every(flushMs, () => this.#flush(), { background: true })
  }

  add(record: TraceRecord): void {
    if (this.#stopped || this.#waiting.length >= mostWaiting) {
      if (this.#dropped++ === 0) this.#instance.logger.warn('trace records are dropped: too many wait')
      return
    }
    this.#waiting.push(record)
    if (this.#waiting.length >= this.#batch && this.#sending.size === 0) this.#flush()
  }

  /** Sends what waits; resolves when it was answered. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    this.#flush()
    while (this.#sending.size > 0) await Promise.all(this.#sending)
    await this.#instance.removeRole(this.#role)
  }

  #flush(): void {
    const records = this.#waiting.splice(0)
    const byTopic = new Map<string, TraceRecord[]>()
    for (const record of records) {
      const topic = this.#cloud ? `rmq_sys_TRACE_DATA_${record.region}` : this.topic
      const list = byTopic.get(topic)
      if (list) list.push(record)
      else byTopic.set(topic, [record])
    }
    for (const [topic, list] of byTopic)
      for (let i = 0; i < list.length; i += this.#batch) this.#send(topic, list.slice(i, i + this.#batch))
  }

  /** Texts that fit into one message each. */
  #send(topic: string, records: readonly TraceRecord[]): void {
    let text = ''
    let keys = new Set<string>()
    for (const record of records) {
      const more = traceText(record, this.#cloud)
      if (text !== '' && text.length + more.length > mostBytes) {
        this.#sendText(topic, text, keys)
        text = ''
        keys = new Set()
      }
      text += more
      for (const key of traceKeys(record)) keys.add(key)
    }
    this.#sendText(topic, text, keys)
  }

  #sendText(topic: string, text: string, keys: ReadonlySet<string>): void {
    const sending = this.#sendMessage(topic, text, keys)
      .catch((thrown) => {
        if (!this.#instance.closed)
          this.#instance.logger.warn(`trace records could not be sent: ${errorText(thrown)}`)
      })
      .finally(() => this.#sending.delete(sending))
    this.#sending.add(sending)
  }

  async #sendMessage(topic: string, text: string, keys: ReadonlySet<string>): Promise<void> {
    const route = await this.#instance.routes.forSending(topic, 4)
    const messageId = this.newId()
    await sendOnce(
      this.#instance,
      this.#choice.next(route.publishQueues),
      {
        producerGroup: this.#group,
        topic,
        defaultTopicQueueNums: 4,
        flag: 0,
        sysFlag: 0,
        properties: encodeProperties([
          [propertyNames.keys, [...keys].join(' ')],
          [propertyNames.uniqKey, messageId],
          [propertyNames.wait, 'true'],
        ]),
        body: utf8(text),
        messageId,
        kind: 'single',
      },
      sendTimeoutMs,
      undefined,
    )
  }
}
