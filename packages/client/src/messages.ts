import { AerobeeError, limits, utf8, utf8Text } from '@aerobee/base'
import {
  compressionType,
  decodeProperties,
  decompressBody,
  type MessageRecord,
  offsetMessageId,
  propertyNames,
  systemFlags,
} from '@aerobee/wire'
import type { MessageQueue } from './route.js'

/** A message to send. */
export interface OutgoingMessage {
  topic: string
  /** Text is sent as UTF-8. Not empty. */
  body: Uint8Array | string
  tags?: string
  /** For queries by key. Without blanks. */
  keys?: readonly string[]
  properties?: Readonly<Record<string, string>>
  /** Stored as it is. Default 0. */
  flag?: number
  /** Messages of one sharding key go to one queue, in order. */
  shardingKey?: string
  /** Whether SEND_OK waits for the broker's flush and replicas. Default true. */
  waitStoreMsgOK?: boolean
}

export const bodyBytes = (body: Uint8Array | string): Uint8Array =>
  typeof body === 'string' ? utf8(body) : body

/** A message as a listener gets it. */
export class ReceivedMessage {
  readonly topic: string
  readonly queue: MessageQueue
  readonly queueOffset: number
  /** Unique id that the producer gave, or the broker's offset id. */
  readonly messageId: string
  /** Where the record lies: `mqadmin queryMsgById` takes it. */
  readonly offsetMessageId: string
  readonly body: Uint8Array
  readonly properties: ReadonlyMap<string, string>
  readonly flag: number
  /** How many deliveries failed before this one. */
  reconsumeTimes: number
  /** Wall ms. */
  readonly bornTimestamp: number
  readonly storeTimestamp: number
  readonly physicalOffset: number

  constructor(record: MessageRecord, body: Uint8Array, brokerName: string) {
    this.properties = decodeProperties(record.properties)
    this.topic = this.properties.get(propertyNames.retryTopic) ?? record.topic
    this.queue = { topic: record.topic, brokerName, queueId: record.queueId }
    this.queueOffset = record.queueOffset
    this.offsetMessageId = offsetMessageId(record.storeHost, record.physicalOffset)
    this.messageId = this.properties.get(propertyNames.uniqKey) ?? this.offsetMessageId
    this.body = body
    this.flag = record.flag
    this.reconsumeTimes = record.reconsumeTimes
    this.bornTimestamp = record.bornTimestamp
    this.storeTimestamp = record.storeTimestamp
    this.physicalOffset = record.physicalOffset
  }

  get tags(): string | undefined {
    return this.properties.get(propertyNames.tags)
  }

  get keys(): string[] {
    return this.properties.get(propertyNames.keys)?.split(' ') ?? []
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
}

/** Bodies are copied out of the answer they came in, and decompressed. Rejects as decompressBody does. */
export async function receivedMessage(record: MessageRecord, brokerName: string): Promise<ReceivedMessage> {
  if ((record.sysFlag & systemFlags.compressed) === 0)
    return new ReceivedMessage(record, record.body.slice(), brokerName)
  const type = compressionType(record.sysFlag)
  if (!type)
    throw new AerobeeError('UNSUPPORTED', `the compression bits of sysFlag ${record.sysFlag} are unknown`)
  const body = await decompressBody(type, record.body, 4 * limits.messageBodyBytes)
  return new ReceivedMessage(record, body, brokerName)
}
