import { commands } from '@aerobee/wire'
import { type BrokerEntry, brokerKey, smallestId } from '../route-state.js'
import type { MinimumIdChange } from '../unregister.js'
import type { NameServerParts } from './context.js'

/** 905, one-way, to the members of a broker name, when `notifyMinBrokerIdChanged` is set. */
export function tellMinimumId(
  parts: NameServerParts,
  entry: BrokerEntry,
  options: { except?: number | undefined; gone?: MinimumIdChange },
): void {
  const minimum = smallestId(entry)
  if (!parts.config.notifyMinBrokerIdChanged || minimum === undefined) return
  const minimumAddress = entry.addresses.get(minimum)!
  const minimumLease = parts.state.live.get(brokerKey(entry.cluster, minimumAddress))
  for (const [id, address] of entry.addresses) {
    if (id === options.except) continue
    parts.state.live
      .get(brokerKey(entry.cluster, address))
      ?.connection.notify(commands.notifyMinBrokerIdChange, {
        minBrokerId: minimum,
        brokerName: entry.brokerName,
        minBrokerAddr: minimumAddress,
        offlineBrokerAddr: options.gone?.offlineAddress,
        haBrokerAddr: minimumLease?.haServerAddress,
      })
  }
}
