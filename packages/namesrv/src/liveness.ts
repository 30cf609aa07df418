import type { Connection } from '@aerobee/net'
import type { NameServerParts } from './handlers/context.js'
import { tellMinimumId } from './handlers/minimum-id.js'
import { brokerKey, type LiveBroker } from './route-state.js'
import { expiredLeases, unregisterBroker } from './unregister.js'

/** Takes brokers out of the routes: asked to, when their connection closed, or when their lease ended. */
export function endLease(parts: NameServerParts, lease: LiveBroker, reason: string): void {
  const change = unregisterBroker(parts.state, lease)
  parts.logger.info(`broker ${lease.brokerName} at ${lease.address} is out of the routes: ${reason}`)
  if (change?.entry.enableActingMaster) tellMinimumId(parts, change.entry, { gone: change })
}

/** A lease belongs to the connection that last renewed it by a registration. */
export function endLeasesOf(parts: NameServerParts, connection: Connection): void {
  for (const lease of [...parts.state.live.values()])
    if (lease.connection === connection) endLease(parts, lease, 'its connection closed')
}

export function endExpiredLeases(parts: NameServerParts): void {
  for (const lease of expiredLeases(parts.state, parts.clock.monoMs())) {
    endLease(parts, lease, `not heard of for ${lease.leaseMs} ms`)
    lease.connection.close('the lease ended')
  }
}

/** Whether a lease with that address is there; renews it. */
export function renewLease(parts: NameServerParts, cluster: string, address: string): LiveBroker | undefined {
  const lease = parts.state.live.get(brokerKey(cluster, address))
  if (lease) lease.renewedAtMonoMs = parts.clock.monoMs()
  return lease
}
