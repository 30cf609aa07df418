import type { Result } from '@aerobee/base'
import { good } from '@aerobee/base'
import { buildSubscription, isTagType, tagsCodeMatch } from '@aerobee/filter'
import type { TopicSubscription } from '../clients/consumers.js'

/** Different expressions remembered; a consumer group uses a handful. */
const rememberedExpressions = 1024
/** Longer ones are built each time: what is remembered must be bounded in bytes too. */
const rememberedChars = 1024

/**
 * Subscriptions that travel in the pull itself (lite pull and pull consumers): an expression is built once and
 * remembered, since the same one comes with every pull.
 */
export class HeaderSubscriptions {
  readonly #built = new Map<string, TopicSubscription>()

  of(topic: string, expression: string | undefined, type: string | undefined): Result<TopicSubscription> {
    const key = isTagType(type) ? (expression ?? '*') : `${type}\n${expression}`
    const known = this.#built.get(key)
    if (known) return good(known)
    const built = buildSubscription(topic, expression, type)
    if (!built.ok) return built
    const entry: TopicSubscription = { subscription: built.value, match: tagsCodeMatch(built.value) }
    if (key.length > rememberedChars) return good(entry)
    if (this.#built.size >= rememberedExpressions) this.#built.clear()
    this.#built.set(key, entry)
    return good(entry)
  }
}
