import { bodies, commands, responseCodes } from '@aerobee/wire'
import type { ClientInstance } from '../client-instance.js'
import type { MessageQueue } from '../route.js'

/** Client ids of the group in the order of Java's strings, from any broker that has queues of the topic. */
export async function groupMembers(
  instance: ClientInstance,
  group: string,
  queues: readonly MessageQueue[],
): Promise<string[] | undefined> {
  const byBroker = new Map(queues.map((queue) => [instance.addresses.brokerOf(queue), queue]))
  const turn = instance.surroundings.random.below(byBroker.size)
  const candidates = [...byBroker.values()]
  for (let i = 0; i < candidates.length; i++) {
    const list = await membersAt(instance, group, candidates[(turn + i) % candidates.length]!)
    if (list) return list
  }
  return undefined
}

async function membersAt(
  instance: ClientInstance,
  consumerGroup: string,
  queue: MessageQueue,
): Promise<string[] | undefined> {
  try {
    const { address } = await instance.addresses.reader(queue, 0)
    const answer = await instance.call(
      address,
      commands.getConsumerListByGroup,
      { consumerGroup },
      { timeoutMs: instance.callTimeoutMs },
    )
    if (answer.code !== responseCodes.SUCCESS) return undefined
    const list = bodies.consumerIdList.decode(answer.body)
    return list.ok ? [...list.value.consumerIdList].sort() : undefined
  } catch {
    return undefined
  }
}
