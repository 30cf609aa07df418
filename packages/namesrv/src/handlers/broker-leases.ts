import { type Registration, serve, success } from '@aerobee/net'
import { bodies, commands } from '@aerobee/wire'
import { endLease, renewLease } from '../liveness.js'
import { brokerKey, sameVersion } from '../route-state.js'
import type { NameServerParts } from './context.js'

/** 104, 322, 904 (reference: broker-behaviour 1.4, 1.5). */
export function leaseHandlers(parts: NameServerParts): Registration[] {
  return [
    serve(commands.unregisterBroker, ({ request, connection }) => {
      const lease = parts.state.live.get(brokerKey(request.clusterName, request.brokerAddr))
      // A lease that somebody else registered meanwhile is not the sender's to end.
      if (lease && (lease.connection === connection || lease.connection.state === 'closed'))
        endLease(parts, lease, 'it unregistered')
      return success()
    }),
    serve(commands.queryDataVersion, ({ request, frame }) => {
      const asked = bodies.dataVersion.decode(frame.body)
      const lease = renewLease(parts, request.clusterName, request.brokerAddr)
      const changed = !lease || !asked.ok || !sameVersion(lease.dataVersion, asked.value)
      return success({ changed }, lease ? bodies.dataVersion.encode(lease.dataVersion) : null)
    }),
    serve(commands.brokerHeartbeat, ({ request }) => {
      renewLease(parts, request.clusterName, request.brokerAddr)
      return success()
    }),
  ]
}
