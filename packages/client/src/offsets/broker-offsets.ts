import { commands, responseCodes } from '@aerobee/wire'
import { expectSuccess } from '../answers.js'
import type { ClientInstance } from '../client-instance.js'
import type { MessageQueue } from '../route.js'
import type { OffsetKeeper, OffsetSlot } from './offset-table.js'

/** Upstream waits longer for offsets than for other answers. */
const readTimeoutMs = 5000

/** Offsets as the brokers keep them for a clustering group. */
export class BrokerOffsets implements OffsetKeeper {
  readonly #instance: ClientInstance
  readonly #group: string
  /** Whether a broker may answer 0 for a group that has no offset. */
  readonly #zeroIfAbsent: boolean

  constructor(instance: ClientInstance, group: string, zeroIfAbsent: boolean) {
    this.#instance = instance
    this.#group = group
    this.#zeroIfAbsent = zeroIfAbsent
  }

  async read(queue: MessageQueue): Promise<number | undefined> {
    const { topic, queueId } = queue
    const address = await this.#instance.masterAddress(queue)
    const answer = await this.#instance.call(
      address,
      commands.queryConsumerOffset,
      {
        consumerGroup: this.#group,
        topic,
        queueId,
        ...(!this.#zeroIfAbsent && { setZeroIfNotFound: false }),
        brokerName: this.#instance.addresses.brokerOf(queue),
      },
      { timeoutMs: readTimeoutMs },
    )
    if (answer.code === responseCodes.QUERY_NOT_FOUND) return undefined
    const { offset } = expectSuccess(answer, `Asking for the offset of group ${this.#group}`, address)
    return offset < 0 ? undefined : offset
  }

  async write(slots: readonly OffsetSlot[]): Promise<readonly unknown[]> {
    const results = await Promise.allSettled(slots.map((slot) => this.#write(slot)))
    if (this.#instance.closed) return []
    return results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  }

  async #write(slot: OffsetSlot): Promise<void> {
    const { queue, offset } = slot
    const { topic, queueId } = queue
    const address = await this.#instance.masterAddress(queue)
    const brokerName = this.#instance.addresses.brokerOf(queue)
    const answer = await this.#instance.call(
      address,
      commands.updateConsumerOffset,
      { consumerGroup: this.#group, topic, queueId, commitOffset: offset, brokerName },
      { timeoutMs: this.#instance.callTimeoutMs },
    )
    expectSuccess(answer, `Saving offset ${offset} of group ${this.#group} for topic ${topic}`, address)
    slot.saved = offset
  }
}
