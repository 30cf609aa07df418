import { javaHash } from '@aerobee/base'

/** Tag code of a queue entry: Java's hash of TAGS, 0 without tags (reference: storage 2.2). */
export const tagsCode = (tags: string | undefined): number =>
  tags === undefined || tags === '' ? 0 : javaHash(tags)

/** Hash of a key in the index: |hash of `topic#key`|; 0 where Java's abs stays negative (reference: storage 2.3). */
export function indexKeyHash(topic: string, key: string): number {
  const hash = Math.abs(javaHash(`${topic}#${key}`))
  return hash > 0x7fff_ffff ? 0 : hash
}
