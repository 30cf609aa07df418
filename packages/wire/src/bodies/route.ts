import { bodyCodec } from './body-codec.js'
import {
  flagOr,
  integerKey,
  integerOr,
  json,
  list,
  mapOf,
  maybe,
  maybeText,
  or,
  record,
  text,
  textKey,
} from './shape.js'

/** What the name server answers about topics and brokers (reference: wire 3.4, broker-behaviour 1.6). */
export interface QueueData {
  readonly brokerName: string
  /** 4 read, 2 write, 1 inherit. */
  readonly perm: number
  readonly readQueueNums: number
  readonly topicSysFlag: number
  readonly writeQueueNums: number
}

export interface BrokerData {
  /** broker id -> host:port; 0 is the master. */
  readonly brokerAddrs: ReadonlyMap<number, string>
  readonly brokerName: string
  readonly cluster: string | undefined
  readonly enableActingMaster: boolean
  readonly zoneName?: string | undefined
}

export interface TopicRouteData {
  readonly brokerDatas: readonly BrokerData[]
  /** broker address -> filter servers. */
  readonly filterServerTable: ReadonlyMap<string, readonly string[]>
  /** `broker-a:4;broker-b:4` for ordered topics. */
  readonly orderTopicConf?: string | undefined
  readonly queueDatas: readonly QueueData[]
  /** Static topics: broker name -> mapping, passed through. */
  readonly topicQueueMappingByBroker?: unknown
}

const addresses = or(mapOf(integerKey, text), () => new Map<number, string>())

export const queueDataShape = record<QueueData>({
  brokerName: text,
  perm: integerOr(0),
  readQueueNums: integerOr(0),
  topicSysFlag: integerOr(0),
  writeQueueNums: integerOr(0),
})

export const brokerDataShape = record<BrokerData>({
  brokerAddrs: addresses,
  brokerName: text,
  cluster: maybeText,
  enableActingMaster: flagOr(false),
  zoneName: maybeText,
})

/**
 * 105 and 217. Form `standard` for peers from V4_9_4 on or with acceptStandardJsonOnly, else `fastjson`. The Go client
 * splits `brokerAddrs` at commas and colons: neither form has spaces.
 */
export const topicRouteData = bodyCodec(
  'TopicRouteData',
  record<TopicRouteData>({
    brokerDatas: or(list(brokerDataShape), () => []),
    filterServerTable: or(
      mapOf(
        textKey,
        or(list(text), () => []),
      ),
      () => new Map(),
    ),
    orderTopicConf: maybeText,
    queueDatas: or(list(queueDataShape), () => []),
    topicQueueMappingByBroker: maybe(json),
  }),
)

/** 106. */
export interface ClusterInfo {
  readonly brokerAddrTable: ReadonlyMap<string, BrokerData>
  readonly clusterAddrTable: ReadonlyMap<string, readonly string[]>
}
export const clusterInfo = bodyCodec(
  'ClusterInfo',
  record<ClusterInfo>({
    brokerAddrTable: or(mapOf(textKey, brokerDataShape), () => new Map()),
    clusterAddrTable: or(
      mapOf(
        textKey,
        or(list(text), () => []),
      ),
      () => new Map(),
    ),
  }),
)

/** 901. */
export interface BrokerMemberGroup {
  readonly brokerMemberGroup: {
    readonly brokerAddrs: ReadonlyMap<number, string>
    readonly brokerName: string
    readonly cluster: string | undefined
  }
}
export const brokerMemberGroup = bodyCodec(
  'GetBrokerMemberGroupResponseBody',
  record<BrokerMemberGroup>({
    brokerMemberGroup: record<BrokerMemberGroup['brokerMemberGroup']>({
      brokerAddrs: addresses,
      brokerName: text,
      cluster: maybeText,
    }),
  }),
)
