import { compileFilter, isTagType } from '@aerobee/filter'
import { failure, type Handler, success } from '@aerobee/net'
import { bodies, type commands, responseCodes } from '@aerobee/wire'
import type { BrokerConfig } from '../config-keys.js'
import { filterRefusal } from '../filters/pull-filter.js'

type Check = typeof commands.checkClientConfig

/** Check a subscription before it is used (request 46; reference: broker-behaviour 6, point 7). */
export function checkClientConfigHandler({
  config,
}: {
  config: BrokerConfig
}): Handler<Check['request'], Check['response']> {
  return ({ frame }) => {
    const decoded = bodies.checkClientRequest.decode(frame.body)
    if (!decoded.ok) return failure(responseCodes.SYSTEM_ERROR, decoded.reason)
    const { expressionType, subString } = decoded.value.subscriptionData
    if (isTagType(expressionType)) return success()
    if (!config.enablePropertyFilter)
      return failure(responseCodes.SYSTEM_ERROR, filterRefusal(expressionType))
    const filter = compileFilter(expressionType, subString)
    return filter.ok ? success() : failure(responseCodes.SUBSCRIPTION_PARSE_FAILED, filter.reason)
  }
}
