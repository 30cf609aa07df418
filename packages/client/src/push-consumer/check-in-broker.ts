import { AerobeeError, errorText } from '@aerobee/base'
import { isTagType, type Subscription } from '@aerobee/filter'
import { bodies, commands, responseCodes } from '@aerobee/wire'
import { brokerError } from '../answers.js'
import type { ClientInstance } from '../client-instance.js'

/**
 * Asks a broker whether it can filter by the expressions that are not tags (reference: client-behaviour 3.2). Rejects with
 * BROKER_ERROR when it cannot; a broker that does not answer leaves it open.
 */
export async function checkInBroker(
  instance: ClientInstance,
  group: string,
  subscriptions: Iterable<Subscription>,
): Promise<void> {
  for (const subscription of subscriptions) {
    if (isTagType(subscription.expressionType)) continue
    const queue = instance.routes.knownForReading(subscription.topic)?.subscribeQueues[0]
    if (!queue) continue
    try {
      await check(instance, group, subscription, (await instance.addresses.reader(queue, 0)).address)
    } catch (thrown) {
      if (thrown instanceof AerobeeError && thrown.code === 'BROKER_ERROR') throw thrown
      instance.logger.warn(
        `Check client in broker error, maybe because you use ${subscription.expressionType} to filter message, but server has not been upgraded to support! ${errorText(thrown)}`,
      )
    }
  }
}

async function check(
  instance: ClientInstance,
  group: string,
  subscriptionData: Subscription,
  address: string,
): Promise<void> {
  const body = bodies.checkClientRequest.encode({ clientId: instance.clientId, group, subscriptionData })
  const answer = await instance.call(
    address,
    commands.checkClientConfig,
    {},
    { body, timeoutMs: instance.callTimeoutMs },
  )
  if (answer.code !== responseCodes.SUCCESS)
    throw brokerError(
      answer,
      `Subscribing to ${subscriptionData.topic} by ${subscriptionData.subString}`,
      address,
    )
}
