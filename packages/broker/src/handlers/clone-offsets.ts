import type { Logger } from '@aerobee/base'
import { failure, type Handler, success } from '@aerobee/net'
import { type commands, groupNameFault, responseCodes } from '@aerobee/wire'
import type { Consumers } from '../clients/consumers.js'
import type { ConsumerOffsets } from '../consumer-offsets.js'
import type { TopicTable } from '../topics.js'

type Clone = typeof commands.cloneGroupOffset

/**
 * Give a group the offsets of another (request 314; reference: broker-behaviour 13). Ours: without a topic those on
 * each topic. Unless `offline`, topics that the other group is online without subscribing to them are left out.
 */
export function cloneGroupOffsetHandler({
  topics,
  offsets,
  consumers,
  logger,
}: {
  topics: TopicTable
  offsets: ConsumerOffsets
  consumers: Consumers
  logger: Logger
}): Handler<Clone['request'], Clone['response']> {
  return async ({ request: { srcGroup, destGroup, topic, offline }, connection }) => {
    const fault = groupNameFault(destGroup)
    if (fault) return failure(responseCodes.INVALID_PARAMETER, fault)
    const wanted = topic?.trim() ? [topic] : offsets.topicsOf(srcGroup)
    const allowed = offline === true ? wanted : consumers.subscribedOf(srcGroup, wanted)
    const cloned = allowed.filter(
      (name) => topics.find(name) !== undefined && offsets.clone(srcGroup, destGroup, name),
    )
    await offsets.saveNow()
    logger.info(`${destGroup} got the offsets of ${srcGroup} on ${cloned.join(', ') || 'no topic'}`, {
      by: connection.remoteText,
    })
    return success()
  }
}
