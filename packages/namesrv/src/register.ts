import type { Connection } from '@aerobee/net'
import { type bodies, permWrite } from '@aerobee/wire'
import {
  type BrokerEntry,
  brokerKey,
  type QueueData,
  type RouteState,
  sameVersion,
  smallestId,
} from './route-state.js'

/** A decoded 103 (reference: broker-behaviour 1.3). */
export interface BrokerRegistration {
  cluster: string
  brokerName: string
  brokerId: number
  address: string
  haServerAddress: string
  zoneName: string | undefined
  /** undefined: the header did not say, an old broker. */
  enableActingMaster: boolean | undefined
  leaseMs: number
  dataVersion: bodies.DataVersion
  topics: ReadonlyMap<string, QueueData>
  /** topic -> mapping info as received; undefined when the body had none. */
  mappings: ReadonlyMap<string, unknown> | undefined
  filterServers: readonly string[] | undefined
  connection: Connection
}

export type RegisterOutcome =
  | { kind: 'registered'; masterAddress: string; masterHaAddress: string; newMinimumId: boolean }
  /** Another address holds the id with a newer state version: answered OK, and ignored. */
  | { kind: 'ignored' }
  /** An incremental registration before the first whole one. */
  | { kind: 'refused' }

export function registerBroker(
  state: RouteState,
  registration: BrokerRegistration,
  monoMs: number,
  options: { deleteTopicWithBrokerRegistration: boolean },
): RegisterOutcome {
  const { cluster, brokerName, brokerId, address } = registration
  const entry = brokerEntry(state, registration)
  const previousMinimum = smallestId(entry)
  const newMinimumId = brokerId < (previousMinimum ?? 0)
  for (const [id, known] of entry.addresses)
    if (known === address && id !== brokerId) entry.addresses.delete(id)
  const key = brokerKey(cluster, address)

  const holder = entry.addresses.get(brokerId)
  if (holder !== undefined && holder !== address) {
    const held = state.live.get(brokerKey(cluster, holder))
    if (held && held.dataVersion.stateVersion > registration.dataVersion.stateVersion) {
      state.live.delete(key)
      return { kind: 'ignored' }
    }
  }
  if (holder === undefined && registration.topics.size === 1) return { kind: 'refused' }
  const first = previousMinimum === undefined || holder === undefined
  entry.addresses.set(brokerId, address)

  const primeSlave =
    registration.enableActingMaster !== undefined && brokerId !== 0 && smallestId(entry) === brokerId
  const known = state.live.get(key)
  const changed = first || !known || !sameVersion(known.dataVersion, registration.dataVersion)
  if (brokerId === 0 || primeSlave) takeTopics(state, registration, { changed, primeSlave, ...options })
  if (changed && registration.mappings) takeMappings(state, brokerName, registration.mappings)

  state.live.set(key, {
    cluster,
    address,
    brokerName,
    brokerId,
    renewedAtMonoMs: monoMs,
    leaseMs: registration.leaseMs,
    dataVersion: registration.dataVersion,
    connection: registration.connection,
    haServerAddress: registration.haServerAddress,
  })
  if (registration.filterServers?.length === 0) state.filterServers.delete(key)
  else if (registration.filterServers) state.filterServers.set(key, registration.filterServers)

  const masterAddress = brokerId === 0 ? undefined : entry.addresses.get(0)
  const master = masterAddress === undefined ? undefined : state.live.get(brokerKey(cluster, masterAddress))
  return {
    kind: 'registered',
    masterAddress: master ? master.address : '',
    masterHaAddress: master ? master.haServerAddress : '',
    newMinimumId,
  }
}

function brokerEntry(state: RouteState, registration: BrokerRegistration): BrokerEntry {
  const { cluster, brokerName } = registration
  let members = state.clusters.get(cluster)
  if (!members) {
    members = new Set()
    state.clusters.set(cluster, members)
  }
  members.add(brokerName)
  let entry = state.brokers.get(brokerName)
  if (!entry) {
    entry = { cluster, brokerName, addresses: new Map(), zoneName: undefined, enableActingMaster: false }
    state.brokers.set(brokerName, entry)
  }
  entry.enableActingMaster = registration.enableActingMaster ?? false
  entry.zoneName = registration.zoneName
  return entry
}

function takeTopics(
  state: RouteState,
  registration: BrokerRegistration,
  options: { changed: boolean; primeSlave: boolean; deleteTopicWithBrokerRegistration: boolean },
): void {
  const { brokerName } = registration
  const withoutWrite = options.primeSlave && registration.enableActingMaster === true
  for (const [topic, data] of registration.topics) {
    let byBroker = state.topics.get(topic)
    if (!options.changed && byBroker?.has(brokerName)) continue
    if (!byBroker) {
      byBroker = new Map()
      state.topics.set(topic, byBroker)
    }
    byBroker.set(brokerName, withoutWrite ? { ...data, perm: data.perm & ~permWrite } : { ...data })
  }
  if (!options.deleteTopicWithBrokerRegistration || registration.mappings?.size) return
  for (const [topic, byBroker] of state.topics) {
    if (byBroker.has(brokerName) && !registration.topics.has(topic))
      removeBrokerOfTopic(state, topic, brokerName)
  }
}

function takeMappings(state: RouteState, brokerName: string, mappings: ReadonlyMap<string, unknown>): void {
  for (const [topic, info] of mappings) {
    let byBroker = state.mappings.get(topic)
    if (!byBroker) {
      byBroker = new Map()
      state.mappings.set(topic, byBroker)
    }
    byBroker.set(brokerName, info)
  }
}

/** Empty topics are forgotten, with their static mappings. */
export function removeBrokerOfTopic(state: RouteState, topic: string, brokerName: string): void {
  const byBroker = state.topics.get(topic)
  byBroker?.delete(brokerName)
  if (byBroker?.size === 0) {
    state.topics.delete(topic)
    state.mappings.delete(topic)
  }
}
