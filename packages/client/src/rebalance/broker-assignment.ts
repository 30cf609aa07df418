import { AerobeeError, errorText } from '@aerobee/base'
import { bodies, commands, responseCodes } from '@aerobee/wire'
import { brokerError } from '../answers.js'
import type { ClientInstance } from '../client-instance.js'
import { compareQueues, type MessageQueue } from '../route.js'
import type { ShareOptions } from './share.js'

const timeoutMs = 3000

/**
 * What a broker of the topic says this member should have (reference: client-behaviour 8.4). `unknown`: nothing is to change;
 * `itself`: the broker shares nothing out, so the members do. Queues that are to be popped are left to those who can.
 */
export async function assignedByBroker(
  options: ShareOptions,
  topic: string,
  queues: readonly MessageQueue[],
): Promise<readonly MessageQueue[] | 'unknown' | 'itself'> {
  const { instance, group, strategy } = options
  const { logger } = instance
  const body = bodies.queryAssignmentRequest.encode({
    clientId: instance.clientId,
    consumerGroup: group,
    messageModel: 'CLUSTERING',
    strategyName: strategy.name,
    topic,
  })
  try {
    const address = await anyBroker(instance, queues)
    const answer = await instance.call(address, commands.queryAssignment, {}, { body, timeoutMs })
    if (answer.code === responseCodes.REQUEST_CODE_NOT_SUPPORTED) {
      logger.warn(
        `broker ${address} does not share out queues: the members of group ${group} do it themselves`,
      )
      return 'itself'
    }
    if (answer.code !== responseCodes.SUCCESS) throw brokerError(answer, 'Asking for queues', address)
    const decoded = bodies.queryAssignmentResponse.decode(answer.body)
    if (!decoded.ok) throw new AerobeeError('MALFORMED', decoded.reason, { address })
    const assigned = decoded.value.messageQueueAssignments
    if (!assigned) return 'unknown'
    const pulled = assigned.filter(({ mode }) => mode === 'PULL')
    if (pulled.length < assigned.length) tell(options, topic, popped(topic, group))
    return pulled.map(({ messageQueue }) => messageQueue).sort(compareQueues)
  } catch (thrown) {
    if (!options.stopped()) tell(options, topic, thrown)
    return 'unknown'
  }
}

function tell({ instance, events, group }: ShareOptions, topic: string, thrown: unknown): void {
  instance.logger.warn(`the broker's share of topic ${topic} for group ${group}: ${errorText(thrown)}`)
  events.emit('error', thrown, 'rebalance')
}

async function anyBroker(instance: ClientInstance, queues: readonly MessageQueue[]): Promise<string> {
  const queue = queues[instance.surroundings.random.below(queues.length)]!
  return (await instance.addresses.reader(queue, 0)).address
}

const popped = (topic: string, group: string) =>
  new AerobeeError(
    'UNSUPPORTED',
    `the broker wants group ${group} to pop topic ${topic}, and this client pulls: set the mode with mqadmin setConsumeMode -t ${topic} -g ${group} -m PULL, or leave clientRebalance out`,
  )
