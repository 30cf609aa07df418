import { type Clock, limits, type MonoMs, type WallMs } from '@aerobee/base'
import type { TopicSubscription } from './consumers.js'

interface Pulled {
  /** As the expression was built, for whatever topic. */
  wanted: TopicSubscription
  wallMs: WallMs
  monoMs: MonoMs
}

/**
 * Subscriptions that came with pulls, by group and topic: what is known of a group that pulls without heartbeats
 * (reference: broker-behaviour 4.1, check 11a, and 6, point 6). The one of the last pull counts.
 */
export class PulledSubscriptions {
  readonly #clock: Clock
  readonly #settings: { subscriptionExpiredTimeout: number }
  readonly #groups = new Map<string, Map<string, Pulled>>()
  #count = 0
  #chars = 0

  constructor(clock: Clock, settings: { subscriptionExpiredTimeout: number }) {
    this.#clock = clock
    this.#settings = settings
  }

  /** When there are too many, all are forgotten: a group that is still there pulls again soon. */
  note(group: string, topic: string, wanted: TopicSubscription): void {
    if (this.#chars > limits.pulledSubscriptionChars) this.#forget()
    const known = this.#groups.get(group)?.get(topic)
    if (!known) {
      this.#add(group, topic, wanted)
      return
    }
    this.#chars += charsOf(wanted) - charsOf(known.wanted)
    known.wanted = wanted
    known.wallMs = this.#clock.wallMs()
    known.monoMs = this.#clock.monoMs()
  }

  #add(group: string, topic: string, wanted: TopicSubscription): void {
    if (this.#count >= limits.pulledSubscriptions) this.#forget()
    const topics = this.#groups.get(group) ?? new Map<string, Pulled>()
    this.#groups.set(group, topics)
    topics.set(topic, { wanted, wallMs: this.#clock.wallMs(), monoMs: this.#clock.monoMs() })
    this.#count += 1
    this.#chars += charsOf(wanted)
  }

  /** With the time of the last pull as its version. */
  of(group: string, topic: string): TopicSubscription | undefined {
    const pulled = this.#groups.get(group)?.get(topic)
    if (!pulled) return undefined
    const { wanted, wallMs } = pulled
    return { ...wanted, subscription: { ...wanted.subscription, topic, subVersion: wallMs } }
  }

  /** Drops those that no pull has brought for `subscriptionExpiredTimeout`. */
  expire(): void {
    const before = this.#clock.monoMs() - this.#settings.subscriptionExpiredTimeout
    for (const [group, topics] of this.#groups) {
      for (const [topic, { wanted, monoMs }] of topics) {
        if (monoMs >= before) continue
        topics.delete(topic)
        this.#count -= 1
        this.#chars -= charsOf(wanted)
      }
      if (topics.size === 0) this.#groups.delete(group)
    }
  }

  #forget(): void {
    this.#groups.clear()
    this.#count = 0
    this.#chars = 0
  }
}

const charsOf = ({ subscription }: TopicSubscription) => subscription.subString.length
