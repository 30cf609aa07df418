import { bad, good, javaHash, type Result } from '@aerobee/base'
import { trimAsJava } from './java-trim.js'

/**
 * What a consumer wants of a topic.
 *
 *   expression of type TAG:  '*' | tag { '||' tag }      blanks around a tag do not count
 */
export interface Subscription {
  topic: string
  /** The expression as given; `*` for none. */
  subString: string
  /** `TAG` or `SQL92`; unknown types are carried along. */
  expressionType: string
  tagsSet: readonly string[]
  /** Java hash codes of the tags: what queue entries are matched by. Tags may share one. */
  codeSet: readonly number[]
  /** Wall ms when the subscription was made: a larger one replaces a smaller. */
  subVersion: number
  classFilterMode: boolean
}

export const allTags = '*'

/** Whether the type is matched by tag: `TAG`, or none given. */
export function isTagType(expressionType: string | null | undefined): boolean {
  return expressionType === undefined || expressionType === null || expressionType === 'TAG'
}

/**
 * Upstream's two ways of building a subscription in one. Reasons are upstream's texts: `subString split error`,
 * `Expression can't be null! TYPE`. Types other than TAG are not looked into.
 */
export function buildSubscription(
  topic: string,
  expression: string | null | undefined,
  expressionType: string | null | undefined = undefined,
  subVersion = 0,
): Result<Subscription> {
  if (isTagType(expressionType)) return buildTagSubscription(topic, expression, subVersion)
  if (!expression) return bad(`Expression can't be null! ${expressionType}`)
  return good(subscriptionOf(topic, expression, expressionType as string, [], subVersion))
}

function buildTagSubscription(
  topic: string,
  expression: string | null | undefined,
  subVersion: number,
): Result<Subscription> {
  if (!expression || expression === allTags)
    return good(subscriptionOf(topic, allTags, 'TAG', [], subVersion))
  const parts = expression.split('||')
  // Only separators: upstream's split leaves nothing at all, not even one empty tag.
  if (parts.every((part) => part === '')) return bad('subString split error')
  const tags = new Set(parts.map(trimAsJava).filter((tag) => tag !== ''))
  return good(subscriptionOf(topic, expression, 'TAG', [...tags], subVersion))
}

function subscriptionOf(
  topic: string,
  subString: string,
  expressionType: string,
  tagsSet: readonly string[],
  subVersion: number,
): Subscription {
  const codeSet = [...new Set(tagsSet.map(javaHash))]
  return { topic, subString, expressionType, tagsSet, codeSet, subVersion, classFilterMode: false }
}
