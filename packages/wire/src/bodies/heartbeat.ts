import { bodyCodec } from './body-codec.js'
import {
  flagOr,
  integer,
  integerOr,
  list,
  mapOf,
  maybeText,
  oneOf,
  or,
  record,
  text,
  textKey,
} from './shape.js'

/** Clients as they describe themselves, and as brokers tell of them (reference: request-codes A.1). */
export const consumeTypes = ['CONSUME_ACTIVELY', 'CONSUME_PASSIVELY', 'CONSUME_POP'] as const
export type ConsumeType = (typeof consumeTypes)[number]

export const messageModels = ['BROADCASTING', 'CLUSTERING'] as const
export type MessageModel = (typeof messageModels)[number]

export const consumeFromWheres = [
  'CONSUME_FROM_LAST_OFFSET',
  'CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST',
  'CONSUME_FROM_MIN_OFFSET',
  'CONSUME_FROM_MAX_OFFSET',
  'CONSUME_FROM_FIRST_OFFSET',
  'CONSUME_FROM_TIMESTAMP',
] as const
export type ConsumeFromWhere = (typeof consumeFromWheres)[number]

export interface SubscriptionData {
  readonly classFilterMode: boolean
  /** Java hash codes of the tags. */
  readonly codeSet: readonly number[]
  /** TAG or SQL92. */
  readonly expressionType: string
  readonly subString: string
  /** Time the subscription was made, ms: the larger is the newer. */
  readonly subVersion: number
  readonly tagsSet: readonly string[]
  readonly topic: string
}

export interface ConsumerData {
  readonly consumeFromWhere: ConsumeFromWhere
  readonly consumeType: ConsumeType
  readonly groupName: string
  readonly messageModel: MessageModel
  readonly subscriptionDataSet: readonly SubscriptionData[]
  readonly unitMode: boolean
}

export interface ProducerData {
  readonly groupName: string
}

export interface HeartbeatData {
  readonly clientID: string
  readonly consumerDataSet: readonly ConsumerData[]
  /** Hash of all else; 0 from clients before 5.1. */
  readonly heartbeatFingerprint: number
  readonly producerDataSet: readonly ProducerData[]
  /** Whether the subscriptions were left out, because the broker knows the fingerprint. */
  readonly withoutSub: boolean
}

export const subscriptionDataShape = record<SubscriptionData>({
  classFilterMode: flagOr(false),
  codeSet: or(list(integer), () => []),
  expressionType: or(text, () => 'TAG'),
  subString: or(text, () => '*'),
  subVersion: integerOr(0),
  tagsSet: or(list(text), () => []),
  topic: text,
})

const consumerDataShape = record<ConsumerData>({
  consumeFromWhere: oneOf(consumeFromWheres, 'CONSUME_FROM_LAST_OFFSET'),
  consumeType: oneOf(consumeTypes, 'CONSUME_PASSIVELY'),
  groupName: text,
  messageModel: oneOf(messageModels, 'CLUSTERING'),
  subscriptionDataSet: or(list(subscriptionDataShape), () => []),
  unitMode: flagOr(false),
})

/** 34. */
export const heartbeatData = bodyCodec(
  'HeartbeatData',
  record<HeartbeatData>({
    clientID: text,
    consumerDataSet: or(list(consumerDataShape), () => []),
    heartbeatFingerprint: integerOr(0),
    producerDataSet: or(list(record<ProducerData>({ groupName: text })), () => []),
    withoutSub: flagOr(false),
  }),
)

/** 46. */
export interface CheckClientRequest {
  readonly clientId: string
  readonly group: string
  readonly namespace?: string | undefined
  readonly subscriptionData: SubscriptionData
}
export const checkClientRequest = bodyCodec(
  'CheckClientRequestBody',
  record<CheckClientRequest>({
    clientId: text,
    group: text,
    namespace: maybeText,
    subscriptionData: subscriptionDataShape,
  }),
)

/** 38. */
export interface ConsumerIdList {
  readonly consumerIdList: readonly string[]
}
export const consumerIdList = bodyCodec<ConsumerIdList>(
  'GetConsumerListByGroupResponseBody',
  record({ consumerIdList: or(list(text), () => []) }),
)

export interface ClientConnection {
  /** host:port the client connects from. */
  readonly clientAddr: string
  readonly clientId: string
  readonly language: string
  readonly version: number
}
const connections = or(
  list(
    record<ClientConnection>({
      clientAddr: text,
      clientId: text,
      language: or(text, () => 'OTHER'),
      version: integerOr(0),
    }),
  ),
  () => [],
)

/** 203. */
export interface ConsumerConnection {
  readonly connectionSet: readonly ClientConnection[]
  readonly consumeFromWhere: ConsumeFromWhere
  readonly consumeType: ConsumeType
  readonly messageModel: MessageModel
  readonly subscriptionTable: ReadonlyMap<string, SubscriptionData>
}
export const consumerConnection = bodyCodec(
  'ConsumerConnection',
  record<ConsumerConnection>({
    connectionSet: connections,
    consumeFromWhere: oneOf(consumeFromWheres, 'CONSUME_FROM_LAST_OFFSET'),
    consumeType: oneOf(consumeTypes, 'CONSUME_PASSIVELY'),
    messageModel: oneOf(messageModels, 'CLUSTERING'),
    subscriptionTable: or(mapOf(textKey, subscriptionDataShape), () => new Map()),
  }),
)

/** 204. */
export interface ProducerConnection {
  readonly connectionSet: readonly ClientConnection[]
}
export const producerConnection = bodyCodec<ProducerConnection>(
  'ProducerConnection',
  record({ connectionSet: connections }),
)
