import { errorText } from '@aerobee/base'
import { bodies, commands, responseCodes } from '@aerobee/wire'
import type { ClientInstance } from '../client-instance.js'
import { type MessageQueue, queueKey } from '../route.js'
import type { ProcessQueue } from './process-queue.js'

const lockTimeoutMs = 1000

/** Locks of orderly consumers, kept by the master of each queue's broker for a minute (reference: client-behaviour 7). */
export class QueueLocks {
  readonly #instance: ClientInstance
  readonly #group: string

  constructor(instance: ClientInstance, group: string) {
    this.#instance = instance
    this.#group = group
  }

  /** Whether the broker gave the lock. Failures are logged. */
  async lock(queue: MessageQueue): Promise<boolean> {
    const granted = await this.#ask(queue.brokerName, [queue])
    return granted?.has(queueKey(queue)) ?? false
  }

  /** One queue's lock anew. Whether it is held. */
  async lockOne(processQueue: ProcessQueue): Promise<boolean> {
    const granted = await this.lock(processQueue.queue)
    if (granted) this.#hold(processQueue)
    return granted
  }

  /** All at once, broker by broker; a broker that does not answer leaves its queues as they are. */
  async lockAll(held: readonly ProcessQueue[]): Promise<void> {
    await Promise.all(
      this.#byBroker(held.filter((one) => !one.dropped)).map(async ([brokerName, processQueues]) => {
        const granted = await this.#ask(
          brokerName,
          processQueues.map((one) => one.queue),
        )
        if (!granted) return
        for (const processQueue of processQueues)
          if (granted.has(queueKey(processQueue.queue))) this.#hold(processQueue)
          else if (processQueue.locked) {
            processQueue.locked = false
            this.#instance.logger.warn(
              `the lock of queue ${queueKey(processQueue.queue)} of group ${this.#group} is lost`,
            )
          }
      }),
    )
  }

  /** Another member may have it at once. Resolves when it was sent; failures are logged. */
  async unlock(queue: MessageQueue): Promise<void> {
    await this.#unlock(queue.brokerName, [queue], true)
  }

  /** Waits for the brokers' answers. */
  async unlockAll(held: readonly ProcessQueue[]): Promise<void> {
    for (const one of held) one.locked = false
    await Promise.all(
      this.#byBroker(held).map(([brokerName, processQueues]) =>
        this.#unlock(
          brokerName,
          processQueues.map((one) => one.queue),
          false,
        ),
      ),
    )
  }

  #hold(processQueue: ProcessQueue): void {
    processQueue.locked = true
    processQueue.lastLockMonoMs = this.#instance.surroundings.clock.monoMs()
  }

  #byBroker(held: readonly ProcessQueue[]): [string, ProcessQueue[]][] {
    const groups = new Map<string, ProcessQueue[]>()
    for (const one of held) {
      const broker = this.#instance.addresses.brokerOf(one.queue)
      groups.set(broker, [...(groups.get(broker) ?? []), one])
    }
    return [...groups]
  }

  #body(queues: readonly MessageQueue[]): Uint8Array {
    return bodies.lockBatchRequest.encode({
      clientId: this.#instance.clientId,
      consumerGroup: this.#group,
      mqSet: queues,
      onlyThisBroker: false,
    })
  }

  /** Keys of the queues that are locked; undefined when the broker did not answer. */
  async #ask(brokerName: string, queues: readonly MessageQueue[]): Promise<Set<string> | undefined> {
    const { logger } = this.#instance
    try {
      const address = await this.#instance.masterAddress(queues[0]!)
      const answer = await this.#instance.call(
        address,
        commands.lockBatchQueues,
        {},
        { body: this.#body(queues), timeoutMs: lockTimeoutMs },
      )
      const granted =
        answer.code === responseCodes.SUCCESS ? bodies.lockBatchResponse.decode(answer.body) : undefined
      if (granted?.ok) return new Set(granted.value.lockOKMQSet.map(queueKey))
      logger.warn(`locking queues at broker ${brokerName} was refused: ${granted?.reason ?? answer.remark}`)
    } catch (thrown) {
      if (!this.#instance.closed)
        logger.warn(`locking queues at broker ${brokerName} failed: ${errorText(thrown)}`)
    }
    return undefined
  }

  async #unlock(brokerName: string, queues: readonly MessageQueue[], oneway: boolean): Promise<void> {
    try {
      const address = await this.#instance.masterAddress(queues[0]!)
      const body = this.#body(queues)
      if (oneway) await this.#instance.notify(address, commands.unlockBatchQueues, {}, { body })
      else
        await this.#instance.call(address, commands.unlockBatchQueues, {}, { body, timeoutMs: lockTimeoutMs })
    } catch (thrown) {
      this.#instance.logger.warn(`unlocking queues at broker ${brokerName} failed: ${errorText(thrown)}`)
    }
  }
}
