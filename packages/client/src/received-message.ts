import { AerobeeError, utf8Text } from '@aerobee/base'
import {
  decodeProperties,
  findProperty,
  hostText,
  isRetryTopic,
  type MessageRecord,
  offsetMessageId,
  propertyNames,
} from '@aerobee/wire'
import type { MessageQueue } from './route.js'
import { checked, type StandardSchema } from './standard-schema.js'

/** What a message is made of: a record, with what the client knows beside. */
export interface ReceivedParts {
  record: MessageRecord
  /** Decompressed; an array that stays as it is. */
  body: Uint8Array
  /** Topic as the user knows it, retry topics undone. */
  topic: string
  queue: MessageQueue
  queueOffset: number
  /** Offset behind the last message of the queue when this one was read; -1 when it is not known. */
  maxOffset: number
}

/** A message as a listener gets it. */
export class ReceivedMessage {
  /** Topic it was sent to, also when it comes from a retry topic. */
  readonly topic: string
  readonly queue: MessageQueue
  readonly queueOffset: number
  /** Offset behind the last message of the queue when this one was read; -1 when it is not known. */
  readonly maxOffset: number
  readonly body: Uint8Array
  readonly flag: number
  readonly sysFlag: number
  /** How many deliveries failed before this one. */
  reconsumeTimes: number
  /** Wall ms. */
  readonly bornTimestamp: number
  readonly storeTimestamp: number
  readonly physicalOffset: number
  /** Monotonic ms when its listener was called last; for the look at listeners that hang. */
  consumeStartMonoMs: number | undefined = undefined
  readonly #record: MessageRecord
  #properties: ReadonlyMap<string, string> | undefined

  constructor(parts: ReceivedParts) {
    const { record } = parts
    this.topic = parts.topic
    this.queue = parts.queue
    this.queueOffset = parts.queueOffset
    this.maxOffset = parts.maxOffset
    this.body = parts.body
    this.flag = record.flag
    this.sysFlag = record.sysFlag
    this.reconsumeTimes = record.reconsumeTimes
    this.bornTimestamp = record.bornTimestamp
    this.storeTimestamp = record.storeTimestamp
    this.physicalOffset = record.physicalOffset
    this.#record = record
  }

  /** Unique id that the producer gave, or the broker's offset id. */
  get messageId(): string {
    return this.property(propertyNames.uniqKey) ?? this.offsetMessageId
  }

  /** Where the record lies: `mqadmin queryMsgById` takes it. */
  get offsetMessageId(): string {
    return offsetMessageId(this.#record.storeHost, this.physicalOffset)
  }

  get properties(): ReadonlyMap<string, string> {
    this.#properties ??= decodeProperties(this.#record.properties)
    return this.#properties
  }

  /** One property, without decoding the others. */
  property(name: string): string | undefined {
    return this.#properties ? this.#properties.get(name) : findProperty(this.#record.properties, name)
  }

  get tags(): string | undefined {
    return this.property(propertyNames.tags)
  }

  get keys(): string[] {
    return this.property(propertyNames.keys)?.split(' ') ?? []
  }

  /** Unique key of a message that was sent in a transaction. */
  get transactionId(): string | undefined {
    return this.property(propertyNames.transactionPrepared) === 'true'
      ? this.property(propertyNames.uniqKey)
      : undefined
  }

  /** `host:port` the message was sent from. */
  get bornHost(): string {
    return hostText(this.#record.bornHost)
  }

  /** `host:port` of the broker that stored it. */
  get storeHost(): string {
    return hostText(this.#record.storeHost)
  }

  /** The body as UTF-8. */
  text(): string {
    return utf8Text(this.body)
  }

  /** Throws AerobeeError MALFORMED when the body is not JSON. */
  json<T = unknown>(): T {
    try {
      return JSON.parse(this.text()) as T
    } catch (thrown) {
      throw new AerobeeError('MALFORMED', `Message ${this.messageId} of topic ${this.topic} is not JSON.`, {
        cause: thrown,
      })
    }
  }

  /**
   * The body as JSON of a schema (Zod, Valibot, ArkType and whatever else follows Standard Schema). Rejects with
   * MALFORMED when it is none.
   */
  async parse<T>(schema: StandardSchema<T>): Promise<T> {
    return checked(schema, this.json(), `Message ${this.messageId} of topic ${this.topic}`)
  }
}

/** Topic of a record as its sender named it: retry topics keep it in a property. */
export function originTopic(record: MessageRecord): string {
  if (!isRetryTopic(record.topic)) return record.topic
  return findProperty(record.properties, propertyNames.retryTopic) ?? record.topic
}
