import { type Logger, limits } from '@aerobee/base'
import { failure, type Handler } from '@aerobee/net'
import { bodies, type commands, groupNameFault, responseCodes, topicNameFault } from '@aerobee/wire'
import type { GroupTable } from '../groups.js'

type Update = typeof commands.updateAndGetGroupForbidden

/** Whether a group may read a topic, set before where `readable` is given (request 353; reference: broker-behaviour 13). */
export function updateAndGetGroupForbiddenHandler({
  groups,
  logger,
}: {
  groups: GroupTable
  logger: Logger
}): Handler<Update['request'], Update['response']> {
  return ({ request: { group, topic, readable }, connection }) => {
    if (readable !== undefined) {
      const fault = groupNameFault(group) ?? topicNameFault(topic, limits.longNameChars)
      if (fault) return failure(responseCodes.INVALID_PARAMETER, fault)
      groups.setReadable(group, topic, readable)
      logger.info(`${group} ${readable ? 'may' : 'may not'} read ${topic}`, { by: connection.remoteText })
    }
    const body = { group, topic, readable: groups.mayRead(group, topic) }
    return { code: responseCodes.SUCCESS, remark: '', fields: null, body: bodies.groupForbidden.encode(body) }
  }
}
