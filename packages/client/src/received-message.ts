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

/**
 * A message as a listener gets it. Tens of thousands may wait in a consumer, so it keeps what it needs of its record and
 * not the record.
 */
export class ReceivedMessage {
  /** Topic it was sent to, also when it comes from a retry topic. */
  readonly topic: string
  readonly queue: MessageQueue
  readonly queueOffset: number
  /** Offset behind the last message of the queue when this one was read; -1 when it is not known. */
  readonly maxOffset: number
  /** Bytes of the body. */
  readonly bodyLength: number
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
  /** As stored. */
  readonly #propertiesText: string
  readonly #bornHost: Uint8Array
  readonly #storeHost: Uint8Array
  /** Holds the body; a view of it is made when it is asked for, since views are large. */
  readonly #memory: ArrayBufferLike
  readonly #bodyAt: number
  #body: Uint8Array | undefined
  #properties: ReadonlyMap<string, string> | undefined

  constructor(parts: ReceivedParts) {
    const { record } = parts
    // One text for all, where they are equal.
    this.topic = parts.topic === parts.queue.topic ? parts.queue.topic : parts.topic
    this.queue = parts.queue
    this.queueOffset = parts.queueOffset
    this.maxOffset = parts.maxOffset
    this.#memory = parts.body.buffer
    this.#bodyAt = parts.body.byteOffset
    this.bodyLength = parts.body.length
    this.flag = record.flag
    this.sysFlag = record.sysFlag
    this.reconsumeTimes = record.reconsumeTimes
    this.bornTimestamp = record.bornTimestamp
    this.storeTimestamp = record.storeTimestamp
    this.physicalOffset = record.physicalOffset
    this.#propertiesText = record.properties
    this.#bornHost = sharedBornHost(record.bornHost)
    this.#storeHost = sharedStoreHost(record.storeHost)
  }

  get body(): Uint8Array {
    this.#body ??= new Uint8Array(this.#memory, this.#bodyAt, this.bodyLength)
    return this.#body
  }

  /** Unique id that the producer gave, or the broker's offset id. */
  get messageId(): string {
    return this.property(propertyNames.uniqKey) ?? this.offsetMessageId
  }

  /** Where the record lies: `mqadmin queryMsgById` takes it. */
  get offsetMessageId(): string {
    return offsetMessageId(this.#storeHost, this.physicalOffset)
  }

  get properties(): ReadonlyMap<string, string> {
    this.#properties ??= decodeProperties(this.#propertiesText)
    return this.#properties
  }

  /** One property, without decoding the others. */
  property(name: string): string | undefined {
    return this.#properties ? this.#properties.get(name) : findProperty(this.#propertiesText, name)
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
    return hostText(this.#bornHost)
  }

  /** `host:port` of the broker that stored it. */
  get storeHost(): string {
    return hostText(this.#storeHost)
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

/** One array for equal hosts that come one after the other, as they mostly do. */
function sharedHosts(): (host: Uint8Array) => Uint8Array {
  let last: Uint8Array = new Uint8Array(0)
  return (host) => {
    if (!sameBytes(host, last)) last = new Uint8Array(host)
    return last
  }
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false
  return true
}

const sharedBornHost = sharedHosts()
const sharedStoreHost = sharedHosts()

/** Topic of a record as its sender named it: retry topics keep it in a property. */
export function originTopic(record: MessageRecord): string {
  if (!isRetryTopic(record.topic)) return record.topic
  return findProperty(record.properties, propertyNames.retryTopic) ?? record.topic
}
