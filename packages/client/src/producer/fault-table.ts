import type { Clock, MonoMs, Random } from '@aerobee/base'
import type { MessageQueue } from '../route.js'
import { QueueChoice } from './queue-choice.js'

/** Reference: client-behaviour 2.5. */
const defaultLatencyMax = [50, 100, 550, 1800, 3000, 5000, 15_000]
const defaultNotAvailable = [0, 0, 2000, 5000, 6000, 10_000, 30_000]
/** What a broker that failed counts as. */
const isolationLatencyMs = 10_000

export interface FaultOptions {
  enabled: boolean
  /** Whether a detector asks brokers that could not be reached. */
  detects: boolean
  latencyMax?: readonly number[] | undefined
  notAvailableDuration?: readonly number[] | undefined
  clock: Clock
  random: Random
}

interface Fault {
  availableAtMs: MonoMs
  reachable: boolean
  checkAtMs: MonoMs
}

/** Chooses queues in turn, and passes over brokers that were slow or failed, for a time that grows with their latency. */
export class FaultTable {
  readonly #options: FaultOptions
  readonly #latencyMax: readonly number[]
  readonly #notAvailable: readonly number[]
  readonly #choice: QueueChoice
  readonly #faults = new Map<string, Fault>()

  constructor(options: FaultOptions) {
    this.#options = options
    this.#latencyMax = options.latencyMax ?? defaultLatencyMax
    this.#notAvailable = options.notAvailableDuration ?? defaultNotAvailable
    this.#choice = new QueueChoice(options.random.below(0x7fff_ffff))
  }

  /** `avoidBroker` failed just now. */
  choose(queues: readonly MessageQueue[], avoidBroker: string | undefined): MessageQueue {
    if (!this.#options.enabled) return this.#choice.choose(queues, avoidBroker)
    if (avoidBroker !== undefined) this.#choice.startAt(this.#options.random.below(0x7fff_ffff))
    const other = (queue: MessageQueue) => queue.brokerName !== avoidBroker
    return (
      this.#choice.find(queues, (queue) => other(queue) && this.isAvailable(queue.brokerName)) ??
      this.#choice.find(queues, (queue) => other(queue) && this.isReachable(queue.brokerName)) ??
      this.#choice.next(queues)
    )
  }

  /** After a try. Nothing is kept while the table is off. */
  update(brokerName: string, latencyMs: number, isolated: boolean, reachable: boolean): void {
    if (!this.#options.enabled) return
    const offMs = this.#durationOf(isolated ? isolationLatencyMs : latencyMs)
    const now = this.#options.clock.monoMs()
    const fault = this.#faults.get(brokerName)
    const isReachable = reachable || !this.#options.detects
    if (!fault) {
      this.#faults.set(brokerName, { availableAtMs: now + offMs, reachable: isReachable, checkAtMs: now })
      return
    }
    // Only ever later.
    fault.availableAtMs = Math.max(fault.availableAtMs, now + offMs)
    fault.reachable = isReachable
  }

  isAvailable(brokerName: string): boolean {
    const fault = this.#faults.get(brokerName)
    return fault === undefined || this.#options.clock.monoMs() >= fault.availableAtMs
  }

  isReachable(brokerName: string): boolean {
    return this.#faults.get(brokerName)?.reachable ?? true
  }

  /** Brokers to ask now; each is due again after `intervalMs`. */
  due(intervalMs: number): string[] {
    const now = this.#options.clock.monoMs()
    const names: string[] = []
    for (const [name, fault] of this.#faults)
      if (now >= fault.checkAtMs) {
        fault.checkAtMs = now + intervalMs
        names.push(name)
      }
    return names
  }

  reached(brokerName: string): void {
    const fault = this.#faults.get(brokerName)
    if (fault) fault.reachable = true
  }

  forget(brokerName: string): void {
    this.#faults.delete(brokerName)
  }

  #durationOf(latencyMs: number): number {
    for (let i = this.#latencyMax.length - 1; i >= 0; i--)
      if (latencyMs >= this.#latencyMax[i]!) return this.#notAvailable[i] ?? 0
    return 0
  }
}
