import { failure, type Handler, success } from '@aerobee/net'
import { bodies, type commands, responseCodes } from '@aerobee/wire'
import { type Consumers, clientIdsOf } from '../clients/consumers.js'

type GetList = typeof commands.getConsumerListByGroup

/** The client ids of a group, by which its members share the queues out (request 38). */
export function getConsumerListHandler({
  consumers,
}: {
  consumers: Consumers
}): Handler<GetList['request'], GetList['response']> {
  return ({ request }) => {
    const group = consumers.group(request.consumerGroup)
    if (!group)
      return failure(responseCodes.SYSTEM_ERROR, `no consumer for this group, ${request.consumerGroup}`, {})
    return success({}, bodies.consumerIdList.encode({ consumerIdList: clientIdsOf(group) }))
  }
}
