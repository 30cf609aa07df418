import type { Timer } from '@aerobee/base'
import { commands, responseCodes } from '@aerobee/wire'
import type { ClientInstance } from '../client-instance.js'
import type { FaultTable } from './fault-table.js'

const scanMs = 3000

/** Asks brokers that could not be reached until they can (reference: client-behaviour 2.5). */
export class FaultDetector {
  readonly #instance: ClientInstance
  readonly #faults: FaultTable
  readonly #timeoutMs: number
  readonly #intervalMs: number
  #timer: Timer | undefined

  constructor(instance: ClientInstance, faults: FaultTable, timeoutMs: number, intervalMs: number) {
    this.#instance = instance
    this.#faults = faults
    this.#timeoutMs = timeoutMs
    this.#intervalMs = intervalMs
  }

  start(): void {
    this.#timer ??= this.#instance.surroundings.clock.every(scanMs, () => void this.scan(), {
      background: true,
    })
  }

  stop(): void {
    this.#timer?.cancel()
  }

  async scan(): Promise<void> {
    await Promise.all(this.#faults.due(this.#intervalMs).map((name) => this.#ask(name)))
  }

  async #ask(brokerName: string): Promise<void> {
    const address = this.#instance.addresses.masterOf(brokerName)
    const topic = this.#instance.routes.topicOf(brokerName)
    if (address === undefined || topic === undefined) {
      this.#faults.forget(brokerName)
      return
    }
    try {
      const answer = await this.#instance.call(
        address,
        commands.getMaxOffset,
        { topic, queueId: 0, brokerName },
        { timeoutMs: this.#timeoutMs },
      )
      if (answer.code === responseCodes.SUCCESS) this.#faults.reached(brokerName)
    } catch {
      // Asked again at its time.
    }
  }
}
