import { asBuffer } from '@aerobee/base'
import { bodies, commands, responseCodes } from '@aerobee/wire'
import type { ClientInstance } from '../client-instance.js'
import type { MessageQueue } from '../route.js'

/** Who is in a group, as its brokers tell it. The topics of one run share what a broker said. */
export class GroupMembers {
  readonly #instance: ClientInstance
  readonly #group: string
  /** Broker name -> client ids: answers of this run. */
  readonly #told = new Map<string, readonly string[]>()
  /** Broker name -> its last answer as it came: mostly it is the same again. Each has an order of its own. */
  readonly #last = new Map<string, { body: Uint8Array; members: readonly string[] }>()

  constructor(instance: ClientInstance, group: string) {
    this.#instance = instance
    this.#group = group
  }

  /** From now on brokers are asked anew. */
  askAnew(): void {
    this.#told.clear()
  }

  /** Client ids in the order of Java's strings, from any broker that has one of the queues; undefined when none tells. */
  async of(queues: readonly MessageQueue[]): Promise<readonly string[] | undefined> {
    const { addresses, surroundings } = this.#instance
    const byBroker = new Map(queues.map((queue) => [addresses.brokerOf(queue), queue]))
    for (const broker of byBroker.keys()) {
      const told = this.#told.get(broker)
      if (told) return told
    }
    const turn = surroundings.random.below(byBroker.size)
    const candidates = [...byBroker]
    for (let i = 0; i < candidates.length; i++) {
      const [broker, queue] = candidates[(turn + i) % candidates.length]!
      const members = await this.#ask(broker, queue)
      if (!members) continue
      this.#told.set(broker, members)
      return members
    }
    return undefined
  }

  async #ask(broker: string, queue: MessageQueue): Promise<readonly string[] | undefined> {
    const { addresses, callTimeoutMs: timeoutMs } = this.#instance
    const fields = { consumerGroup: this.#group }
    try {
      const { address } = await addresses.reader(queue, 0)
      const answer = await this.#instance.call(address, commands.getConsumerListByGroup, fields, {
        timeoutMs,
      })
      return answer.code === responseCodes.SUCCESS ? this.#read(broker, answer.body) : undefined
    } catch {
      return undefined
    }
  }

  #read(broker: string, body: Uint8Array): readonly string[] | undefined {
    const last = this.#last.get(broker)
    if (last && asBuffer(last.body).equals(body)) return last.members
    const list = bodies.consumerIdList.decode(body)
    if (!list.ok) return undefined
    const members = [...list.value.consumerIdList].sort()
    this.#last.set(broker, { body: Uint8Array.from(body), members })
    return members
  }
}
