import { commands } from '@aerobee/wire'
import type { ConsumerGroup } from './consumers.js'

/** Tells every member that the group has changed, so that they share its queues out anew (request 40, one-way). */
export function notifyGroupChanged(group: ConsumerGroup): void {
  for (const { connection } of group.clients.values())
    connection.notify(commands.notifyConsumerIdsChanged, { consumerGroup: group.name })
}
