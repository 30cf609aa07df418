import { isTagType } from '@aerobee/filter'
import { failure, type Handler, success } from '@aerobee/net'
import { bodies, type commands, responseCodes } from '@aerobee/wire'
import { filterRefusal } from '../pull/checks.js'

type Check = typeof commands.checkClientConfig

/** Check a subscription before it is used (request 46; reference: broker-behaviour 6, point 7). */
export function checkClientConfigHandler(): Handler<Check['request'], Check['response']> {
  return ({ frame }) => {
    const decoded = bodies.checkClientRequest.decode(frame.body)
    if (!decoded.ok) return failure(responseCodes.SYSTEM_ERROR, decoded.reason)
    const { expressionType } = decoded.value.subscriptionData
    return isTagType(expressionType)
      ? success()
      : failure(responseCodes.SYSTEM_ERROR, filterRefusal(expressionType))
  }
}
