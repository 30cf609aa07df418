import type { Connection } from '@aerobee/net'
import { type BrokerEntry, brokerKey, type RouteState } from './route-state.js'

const isLoopback = (host: string) => host === 'localhost' || host === '::1' || /^(::ffff:)?127\./.test(host)

/** Whether the peer runs on this machine. */
const isLocal = ({ local, remote }: Connection) => isLoopback(remote.host) || remote.host === local.host

/**
 * The broker's addresses as this client can dial them. A broker that registered from this machine under a loopback
 * address is reached, from elsewhere, under the address by which the client reached this name server: a loopback address is
 * never right for a client on another machine.
 */
export function advertisedTo(
  state: RouteState,
  entry: BrokerEntry,
  client: Connection,
): ReadonlyMap<number, string> {
  if (isLoopback(client.local.host)) return entry.addresses
  let changed: Map<number, string> | undefined
  for (const [id, address] of entry.addresses) {
    const colon = address.lastIndexOf(':')
    if (!isLoopback(address.slice(0, colon))) continue
    const lease = state.live.get(brokerKey(entry.cluster, address))
    if (!lease || !isLocal(lease.connection)) continue
    changed ??= new Map(entry.addresses)
    changed.set(id, client.local.host.replace(/^::ffff:/, '') + address.slice(colon))
  }
  return changed ?? entry.addresses
}
