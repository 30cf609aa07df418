import type { Logger } from '@aerobee/base'
import { failure, type Handler, type Reply, success } from '@aerobee/net'
import { bodies, type commands, groupNameFault, responseCodes } from '@aerobee/wire'
import { changedAttributes, groupAttributes } from '../admin/attributes.js'
import type { GroupConfig, GroupTable } from '../groups.js'

type Update = typeof commands.updateAndCreateSubscriptionGroup
type UpdateList = typeof commands.updateAndCreateSubscriptionGroupList

interface Parts {
  groups: GroupTable
  logger: Logger
}

/** Upstream knows no bound; a retry topic of so many queues is made for the group. */
const mostRetryQueues = 65_536

/** Create a consumer group or change it (request 200; reference: broker-behaviour 13); on disk when answered. */
export function updateGroupHandler(parts: Parts): Handler<Update['request'], Update['response']> {
  return ({ frame, connection }) => {
    const group = bodies.subscriptionGroupConfig.decode(frame.body)
    if (!group.ok) return failure(responseCodes.SYSTEM_ERROR, group.reason)
    return putGroups(parts, [group.value], connection.remoteText)
  }
}

/** The same for several, all or none (request 225). */
export function updateGroupListHandler(parts: Parts): Handler<UpdateList['request'], UpdateList['response']> {
  return ({ frame, connection }) => {
    const list = bodies.subscriptionGroupList.decode(frame.body)
    if (!list.ok) return failure(responseCodes.SYSTEM_ERROR, list.reason)
    return putGroups(parts, list.value.groupConfigList, connection.remoteText)
  }
}

function putGroups({ groups, logger }: Parts, wanted: readonly GroupConfig[], from: string): Reply {
  const checked: GroupConfig[] = []
  for (const group of wanted) {
    const outcome = checkedGroup(groups, group)
    if ('code' in outcome) return outcome
    checked.push(outcome)
  }
  groups.put(checked)
  for (const { groupName } of checked) logger.info(`group ${groupName} was set`, { by: from })
  return success()
}

/** The group as it is to be kept: `attributes` of `wanted` are signed changes. */
function checkedGroup(groups: GroupTable, wanted: GroupConfig): GroupConfig | Reply {
  const { groupName, retryQueueNums } = wanted
  const fault = groupNameFault(groupName)
  if (fault) return failure(responseCodes.INVALID_PARAMETER, fault)
  if (retryQueueNums < 0 || retryQueueNums > mostRetryQueues)
    return failure(
      responseCodes.INVALID_PARAMETER,
      `retryQueueNums=${retryQueueNums} is not acceptable: expected an integer in [0, ${mostRetryQueues}]`,
    )
  const attributes = changedAttributes(groupAttributes, groups.get(groupName)?.attributes, wanted.attributes)
  if (!attributes.ok) return failure(responseCodes.SYSTEM_ERROR, attributes.reason)
  return { ...wanted, attributes: attributes.value }
}
