import { AerobeeError, type Clock } from '@aerobee/base'
import { buildSubscription, type Subscription } from '@aerobee/filter'
import { checkTopicName, isGiven } from '../given.js'
import { withNamespace } from '../namespace.js'
import type { SqlExpression } from '../sql.js'

/** Tags separated by `||`, `*` for all, or sql`…`. */
export type FilterExpression = string | SqlExpression

/** What a consumer wants, by topic; a newer version replaces an older one at the brokers. */
export class Subscriptions extends Map<string, Subscription> {
  readonly #clock: Clock
  readonly #namespace: string | undefined
  #lastVersion = 0

  constructor(clock: Clock, namespace: string | undefined) {
    super()
    this.#clock = clock
    this.#namespace = namespace
  }

  /** Throws AerobeeError INVALID_ARGUMENT. */
  add(userTopic: string, filter: FilterExpression): void {
    const topic = isGiven(userTopic) ? withNamespace(this.#namespace, userTopic) : ''
    checkTopicName(topic)
    this.addInternal(topic, filter)
  }

  /** A topic whose name is as it should be. */
  addInternal(topic: string, filter: FilterExpression): void {
    const [expression, type] = typeof filter === 'string' ? [filter, 'TAG'] : [filter.expression, filter.type]
    const built = buildSubscription(topic, expression, type, this.#version())
    if (!built.ok) throw new AerobeeError('INVALID_ARGUMENT', `subscription to ${topic}: ${built.reason}`)
    this.set(topic, built.value)
  }

  remove(userTopic: string): void {
    this.delete(withNamespace(this.#namespace, userTopic))
  }

  /** Brokers take the subscription for a newer one. */
  renew(topic: string): void {
    const subscription = this.get(topic)
    if (subscription) subscription.subVersion = this.#version()
  }

  #version(): number {
    this.#lastVersion = Math.max(this.#lastVersion + 1, this.#clock.wallMs())
    return this.#lastVersion
  }
}
