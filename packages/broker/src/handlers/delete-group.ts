import type { Logger } from '@aerobee/base'
import { type Handler, success } from '@aerobee/net'
import type { commands } from '@aerobee/wire'
import type { ConsumerOffsets } from '../consumer-offsets.js'
import type { GroupTable } from '../groups.js'
import type { BrokerStats } from '../stats/broker-stats.js'

type Delete = typeof commands.deleteSubscriptionGroup

/** Delete a consumer group, and its offsets where asked to (request 207; reference: broker-behaviour 13). */
export function deleteGroupHandler({
  groups,
  offsets,
  stats,
  config,
  logger,
}: {
  groups: GroupTable
  offsets: ConsumerOffsets
  stats: BrokerStats
  config: { autoDeleteUnusedStats: boolean }
  logger: Logger
}): Handler<Delete['request'], Delete['response']> {
  return async ({ request: { groupName, cleanOffset }, connection }) => {
    groups.delete(groupName)
    if (config.autoDeleteUnusedStats) stats.traffic.deleteGroup(groupName)
    if (cleanOffset === true) {
      offsets.deleteGroup(groupName)
      await offsets.saveNow()
    }
    logger.info(`group ${groupName} was deleted${cleanOffset === true ? ' with its offsets' : ''}`, {
      by: connection.remoteText,
    })
    return success()
  }
}
