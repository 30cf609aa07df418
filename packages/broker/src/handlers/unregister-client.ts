import { type Handler, success } from '@aerobee/net'
import type { commands } from '@aerobee/wire'
import type { ClientRegistry } from '../clients/client-registry.js'
import type { QueueLocks } from '../queue-locks.js'

type Unregister = typeof commands.unregisterClient

/** A client leaves a producer group, a consumer group or both (request 35; reference: broker-behaviour 6, point 4). */
export function unregisterClientHandler({
  clients,
  locks,
}: {
  clients: ClientRegistry
  locks: QueueLocks
}): Handler<Unregister['request'], Unregister['response']> {
  return ({ request, connection }) => {
    if (request.producerGroup !== undefined) clients.producers.leave(request.producerGroup, connection)
    if (request.consumerGroup !== undefined) {
      locks.release(request.consumerGroup, connection)
      const group = clients.consumers.leave(request.consumerGroup, connection)
      if (group) clients.groupChanged(group)
    }
    return success({})
  }
}
