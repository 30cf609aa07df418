import { AerobeeError, abortable } from '@aerobee/base'
import { commands, decodeRecallHandle, isDlqTopic, isRetryTopic, responseCodes } from '@aerobee/wire'
import { expectSuccess } from '../answers.js'
import { withoutNamespace } from '../namespace.js'
import { defaultRegion } from '../trace/trace-hooks.js'
import type { Sender } from './sender.js'

/** Asks the broker that holds the message, by any route that knows it. */
export async function recall(
  sender: Sender,
  userTopic: string,
  handle: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { instance, settings, group } = sender
  if (isRetryTopic(userTopic) || isDlqTopic(userTopic))
    throw new AerobeeError('INVALID_ARGUMENT', 'topic is not supported')
  const decoded = decodeRecallHandle(handle)
  if (!decoded.ok) throw new AerobeeError('INVALID_ARGUMENT', decoded.reason)
  const topic = sender.topicOf(userTopic)
  const { brokerName } = decoded.value
  const address = await abortable(addressOf(sender, topic, brokerName), signal)
  const { tracer } = sender
  const answer = await instance.call(
    address,
    commands.recallMessage,
    { producerGroup: group, topic, recallHandle: handle },
    { timeoutMs: settings.sendMsgTimeout, ...(signal && { signal }) },
  )
  if (tracer && sender.tracesRecalls && tracer.traces(userTopic))
    tracer.add({
      type: 'Recall',
      timestamp: instance.surroundings.clock.wallMs(),
      region: defaultRegion,
      group: withoutNamespace(instance.namespace, group),
      topic: userTopic,
      messageId: decoded.value.messageId,
      success: answer.code === responseCodes.SUCCESS,
    })
  return expectSuccess(answer, `Recalling a message of topic ${userTopic}`, address).msgId
}

async function addressOf(sender: Sender, topic: string, brokerName: string): Promise<string> {
  const { addresses } = sender.instance
  const route = await sender.route(topic)
  const address = addresses.masterOf(brokerName)
  if (address !== undefined) return address
  const any = route.publishQueues[0]
  const other = any && addresses.masterOf(addresses.brokerOf(any))
  if (other === undefined)
    throw new AerobeeError('NO_ROUTE', 'The broker service address not found', { retryable: true })
  return other
}
