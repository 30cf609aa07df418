import { allTags, isTagType, type Subscription } from './subscription.js'

/** Whether a queue entry may hold a message the consumer wants: false is certain, true is not. */
export type TagsCodeMatch = (tagsCode: number) => boolean

/**
 * Match of queue entries by the hash of their tag (reference: broker-behaviour 4.2). undefined takes every entry.
 * The code in an entry is eight bytes wide; only its low 32 bits are the hash.
 */
export function tagsCodeMatch(
  subscription: Pick<Subscription, 'subString' | 'expressionType' | 'codeSet' | 'classFilterMode'>,
): TagsCodeMatch | undefined {
  const { subString, expressionType, codeSet, classFilterMode } = subscription
  if (classFilterMode || subString === allTags || !isTagType(expressionType)) return undefined
  if (codeSet.length === 0) return () => false
  if (codeSet.length === 1) {
    const only = codeSet[0]!
    return (tagsCode) => (tagsCode | 0) === only
  }
  const codes = new Set(codeSet)
  return (tagsCode) => codes.has(tagsCode | 0)
}

/** The consumer's own check, by text: hashes of different tags may be equal. No tags in the set: all pass. */
export function matchesTag(
  subscription: Pick<Subscription, 'tagsSet' | 'classFilterMode'>,
  tag: string | undefined,
): boolean {
  if (subscription.classFilterMode || subscription.tagsSet.length === 0) return true
  return tag !== undefined && subscription.tagsSet.includes(tag)
}
