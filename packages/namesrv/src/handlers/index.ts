import { type Registration, serve } from '@aerobee/net'
import { commands } from '@aerobee/wire'
import { leaseHandlers } from './broker-leases.js'
import { viewHandlers } from './cluster-views.js'
import { configurationHandlers } from './configuration.js'
import type { NameServerParts } from './context.js'
import { getRouteInfo } from './get-route-info.js'
import { registerBrokerHandler } from './register-broker.js'
import { topicChangeHandlers } from './topic-changes.js'

/** Everything the name server answers. A served command without a handler fails the start. */
export function handlers(parts: NameServerParts): Registration[] {
  return [
    serve(commands.getRouteInfoByTopic, (exchange) => getRouteInfo(parts, exchange)),
    serve(commands.registerBroker, (exchange) => registerBrokerHandler(parts, exchange)),
    ...leaseHandlers(parts),
    ...viewHandlers(parts),
    ...topicChangeHandlers(parts),
    ...configurationHandlers(parts),
  ]
}
