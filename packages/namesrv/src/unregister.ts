import { permWrite } from '@aerobee/wire'
import { removeBrokerOfTopic } from './register.js'
import { type BrokerEntry, brokerKey, type LiveBroker, type RouteState, smallestId } from './route-state.js'

/** A smallest id that went away and what the remaining members must be told (905). */
export interface MinimumIdChange {
  entry: BrokerEntry
  offlineAddress: string
  offlineHaAddress: string
}

/**
 * Forgets one broker (reference: broker-behaviour 1.5). The caller names the lease that ended, not just an address:
 * a lease that was replaced meanwhile is left alone, so a late unregistration never wipes a fresh registration
 * (upstream issue 11043).
 */
export function unregisterBroker(state: RouteState, lease: LiveBroker): MinimumIdChange | undefined {
  const key = brokerKey(lease.cluster, lease.address)
  if (state.live.get(key) !== lease) return undefined
  state.live.delete(key)
  state.filterServers.delete(key)
  const entry = state.brokers.get(lease.brokerName)
  if (!entry) return undefined
  const wasMinimum =
    smallestId(entry) === lease.brokerId && entry.addresses.get(lease.brokerId) === lease.address
  for (const [id, address] of entry.addresses) if (address === lease.address) entry.addresses.delete(id)
  if (entry.addresses.size === 0) {
    removeBrokerName(state, entry)
    return undefined
  }
  if (entry.enableActingMaster && !entry.addresses.has(0)) forbidWrites(state, entry.brokerName)
  return wasMinimum
    ? { entry, offlineAddress: lease.address, offlineHaAddress: lease.haServerAddress }
    : undefined
}

function removeBrokerName(state: RouteState, entry: BrokerEntry): void {
  state.brokers.delete(entry.brokerName)
  const members = state.clusters.get(entry.cluster)
  members?.delete(entry.brokerName)
  if (members?.size === 0) state.clusters.delete(entry.cluster)
  for (const topic of state.topics.keys()) removeBrokerOfTopic(state, topic, entry.brokerName)
}

function forbidWrites(state: RouteState, brokerName: string): void {
  for (const byBroker of state.topics.values()) {
    const data = byBroker.get(brokerName)
    if (data) data.perm &= ~permWrite
  }
}

/** Leases whose time is over. A lease lasts from its last renewal for its own length. */
export function expiredLeases(state: RouteState, monoMs: number): LiveBroker[] {
  return [...state.live.values()].filter((lease) => lease.renewedAtMonoMs + lease.leaseMs < monoMs)
}
