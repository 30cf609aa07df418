import type { Result } from '@aerobee/base'
import { good } from '@aerobee/base'
import { buildSubscription, compileFilter, isTagType, tagsCodeMatch } from '@aerobee/filter'
import type { TopicSubscription } from '../clients/consumers.js'

/** Different expressions remembered; a consumer group uses a handful. */
const rememberedExpressions = 1024
/** All of them together: what is remembered must be bounded in bytes too. */
const rememberedChars = 1024 * 1024

/**
 * Subscriptions that travel in the pull itself (lite pull and pull consumers): an expression is built once and
 * remembered, since the same one comes with every pull.
 */
export class HeaderSubscriptions {
  readonly #built = new Map<string, TopicSubscription>()
  #chars = 0

  of(topic: string, expression: string | undefined, type: string | undefined): Result<TopicSubscription> {
    const key = isTagType(type) ? (expression ?? '*') : `${type}\n${expression}`
    const known = this.#built.get(key)
    if (known) return good(known)
    const built = build(topic, expression, type)
    if (!built.ok || key.length > rememberedChars) return built
    this.#chars += key.length
    if (this.#built.size >= rememberedExpressions || this.#chars > rememberedChars) {
      this.#built.clear()
      this.#chars = key.length
    }
    this.#built.set(key, built.value)
    return built
  }
}

function build(
  topic: string,
  expression: string | undefined,
  type: string | undefined,
): Result<TopicSubscription> {
  const built = buildSubscription(topic, expression, type)
  if (!built.ok) return built
  const subscription = built.value
  const match = tagsCodeMatch(subscription)
  if (isTagType(type)) return good({ subscription, match })
  const filter = compileFilter(subscription.expressionType, subscription.subString)
  return filter.ok ? good({ subscription, match, filter: filter.value }) : filter
}
