import { isWritable, permRead, permWrite } from '@aerobee/wire'
import type { BrokerEntry, QueueData, RouteState } from './route-state.js'
import { smallestId } from './route-state.js'

/** Questions asked of the route state; nothing here changes it, except where the name says so. */
export interface TopicRoute {
  queues: QueueData[]
  brokers: BrokerEntry[]
  filterServers: Map<string, readonly string[]>
  mappings: ReadonlyMap<string, unknown> | undefined
}

const syncMemberTopicPrefix = 'rmq_sys_SYNC_BROKER_MEMBER_'

/** undefined when no broker of the topic is known (reference: broker-behaviour 1.6). */
export function routeOfTopic(
  state: RouteState,
  topic: string,
  options: { supportActingMaster: boolean },
): TopicRoute | undefined {
  const byBroker = state.topics.get(topic)
  if (!byBroker) return undefined
  const queues = [...byBroker.values()]
  const actingMasters = options.supportActingMaster && !topic.startsWith(syncMemberTopicPrefix)
  const brokers: BrokerEntry[] = []
  const filterServers = new Map<string, readonly string[]>()
  for (const queue of queues) {
    const entry = state.brokers.get(queue.brokerName)
    if (!entry) continue
    brokers.push(actingMasters ? withActingMaster(entry, queue) : entry)
    for (const address of entry.addresses.values()) {
      const servers = state.filterServers.get(`${entry.cluster}\n${address}`)
      if (servers) filterServers.set(address, servers)
    }
  }
  return brokers.length === 0
    ? undefined
    : { queues, brokers, filterServers, mappings: state.mappings.get(topic) }
}

/** A masterless broker of acting-master mode that cannot be written to shows its smallest slave as id 0. */
function withActingMaster(entry: BrokerEntry, queue: QueueData): BrokerEntry {
  const smallest = smallestId(entry)
  if (!entry.enableActingMaster || smallest === undefined || smallest === 0 || isWritable(queue.perm))
    return entry
  const addresses = new Map(entry.addresses)
  addresses.set(0, addresses.get(smallest)!)
  addresses.delete(smallest)
  return { ...entry, addresses }
}

export function topicsOfCluster(state: RouteState, cluster: string): string[] {
  const members = state.clusters.get(cluster)
  if (!members) return []
  return [...state.topics]
    .filter(([, byBroker]) => [...byBroker.keys()].some((name) => members.has(name)))
    .map(([t]) => t)
}

const unitFlag = 1
const unitSubFlag = 2

/** 311: unit flag; 312: unit-sub flag; 313: unit-sub flag without unit flag. */
export function unitTopics(state: RouteState, kind: 'unit' | 'unitSub' | 'unitSubWithoutUnit'): string[] {
  const fits = (flag: number) =>
    kind === 'unit'
      ? (flag & unitFlag) !== 0
      : (flag & unitSubFlag) !== 0 && (kind === 'unitSub' || (flag & unitFlag) === 0)
  return [...state.topics]
    .filter(([, byBroker]) => {
      const any = byBroker.values().next().value
      return any !== undefined && fits(any.topicSysFlag)
    })
    .map(([topic]) => topic)
}

/** Cluster and broker names, which serve as topics, and any one broker's address. */
export function systemTopics(state: RouteState): { topics: string[]; brokerAddress: string | undefined } {
  const topics: string[] = []
  for (const [cluster, names] of state.clusters) topics.push(cluster, ...names)
  for (const entry of state.brokers.values()) {
    const address = entry.addresses.values().next().value
    if (address !== undefined) return { topics, brokerAddress: address }
  }
  return { topics, brokerAddress: undefined }
}

/** Changes the state: answers how many topics of the broker were touched. Lasts until a changed registration. */
export function setWritable(state: RouteState, brokerName: string, writable: boolean): number {
  let touched = 0
  for (const byBroker of state.topics.values()) {
    const data = byBroker.get(brokerName)
    if (!data) continue
    data.perm = writable ? permRead | permWrite : data.perm & ~permWrite
    touched++
  }
  return touched
}
