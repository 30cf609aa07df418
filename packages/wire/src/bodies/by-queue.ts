import { type MessageQueue, messageQueueKey } from './common.js'
import { mapOf, or, type Shape } from './shape.js'

/** Queue -> value, in the order of the text; a Map cannot have objects as keys that are equal by content. */
export type ByQueue<V> = readonly (readonly [MessageQueue, V])[]

/** JSON's `{{queue}:value,…}` as pairs; empty when absent. */
export function byQueue<V>(value: Shape<V>): Shape<ByQueue<V>> {
  const pairs = mapOf(messageQueueKey, value)
  return or(
    {
      read: (json, at) => [...pairs.read(json, at)],
      write: (pairList, form) => pairs.write(new Map(pairList), form),
    },
    () => [],
  )
}
