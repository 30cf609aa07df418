import type { Connection } from '@aerobee/net'
import type { bodies } from '@aerobee/wire'

/**
 * What the name server knows (reference: broker-behaviour 1.2):
 *
 *   topics:   topic      -> brokerName -> QueueData
 *   brokers:  brokerName -> cluster, addresses by broker id
 *   clusters: cluster    -> brokerNames
 *   live:     (cluster, address) -> lease, data version, connection
 *
 * All of it lives in memory: brokers tell it again within their registration period.
 */
export type QueueData = { -readonly [K in keyof bodies.QueueData]: bodies.QueueData[K] }

export interface BrokerEntry {
  cluster: string
  brokerName: string
  /** broker id -> host:port; 0 is the master. */
  addresses: Map<number, string>
  zoneName: string | undefined
  enableActingMaster: boolean
}

export interface LiveBroker {
  cluster: string
  address: string
  brokerName: string
  brokerId: number
  /** Monotonic ms: a clock that jumps must not end leases. */
  renewedAtMonoMs: number
  leaseMs: number
  dataVersion: bodies.DataVersion
  connection: Connection
  haServerAddress: string
}

export interface RouteState {
  topics: Map<string, Map<string, QueueData>>
  brokers: Map<string, BrokerEntry>
  clusters: Map<string, Set<string>>
  live: Map<string, LiveBroker>
  /** (cluster, address) -> filter servers. */
  filterServers: Map<string, readonly string[]>
  /** topic -> brokerName -> static mapping info, kept as received. */
  mappings: Map<string, Map<string, unknown>>
}

export const emptyRouteState = (): RouteState => ({
  topics: new Map(),
  brokers: new Map(),
  clusters: new Map(),
  live: new Map(),
  filterServers: new Map(),
  mappings: new Map(),
})

/** Key of the tables by (cluster, address). */
export const brokerKey = (cluster: string, address: string): string => `${cluster}\n${address}`

/** Equal only in all three parts. */
export const sameVersion = (a: bodies.DataVersion, b: bodies.DataVersion): boolean =>
  a.stateVersion === b.stateVersion && a.timestamp === b.timestamp && a.counter === b.counter

/** Smallest broker id present, undefined when there is none. */
export function smallestId(entry: BrokerEntry): number | undefined {
  let smallest: number | undefined
  for (const id of entry.addresses.keys()) if (smallest === undefined || id < smallest) smallest = id
  return smallest
}
