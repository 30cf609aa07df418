import { failure, type Handler, success } from '@aerobee/net'
import { bodies, type commands, responseCodes } from '@aerobee/wire'
import type { GroupTable } from '../groups.js'

type GetOne = typeof commands.getSubscriptionGroupConfig
type GetAll = typeof commands.getAllSubscriptionGroupConfig

/** Settings of one group (request 352; reference: broker-behaviour 13), created first where that is allowed. */
export function getGroupConfigHandler({
  groups,
}: {
  groups: GroupTable
}): Handler<GetOne['request'], GetOne['response']> {
  return ({ request }) => {
    const group = groups.find(request.group)
    return group
      ? success(null, bodies.subscriptionGroupConfig.encode(group))
      : failure(responseCodes.SUBSCRIPTION_GROUP_NOT_EXIST, 'No group in this broker')
  }
}

/** Settings of all groups (request 201). */
export function getAllGroupConfigHandler({
  groups,
}: {
  groups: GroupTable
}): Handler<GetAll['request'], GetAll['response']> {
  return () =>
    success(
      null,
      bodies.subscriptionGroupTable.encode({
        dataVersion: groups.dataVersion,
        forbiddenTable: groups.forbidden,
        subscriptionGroupTable: groups.all,
      }),
    )
}
