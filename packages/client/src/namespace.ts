import { dlqTopicPrefix, isSystemGroup, isSystemTopic, retryTopicPrefix } from '@aerobee/wire'
import type { MessageQueue } from './route.js'

const separator = '%'
const prefixes = [retryTopicPrefix, dlqTopicPrefix]

/**
 * Names with the namespace of 4.x (reference: client-behaviour 12):
 *
 *   name = [ %RETRY% | %DLQ% ] namespace % resource
 *
 * Names of the system stay as they are. Idempotent.
 */
export function withNamespace(namespace: string | undefined, name: string): string {
  if (namespace === undefined || namespace === '' || isSystemName(name)) return name
  const prefix = prefixes.find((one) => name.startsWith(one)) ?? ''
  const rest = name.slice(prefix.length)
  const head = namespace + separator
  return rest.startsWith(head) ? name : prefix + head + rest
}

/** The name as its user knows it. */
export function withoutNamespace(namespace: string | undefined, name: string): string {
  if (namespace === undefined || namespace === '' || isSystemName(name)) return name
  const prefix = prefixes.find((one) => name.startsWith(one)) ?? ''
  const rest = name.slice(prefix.length)
  const head = namespace + separator
  return rest.startsWith(head) ? prefix + rest.slice(head.length) : name
}

/** A queue as its user knows it. */
export function userQueue(namespace: string | undefined, queue: MessageQueue): MessageQueue {
  const topic = withoutNamespace(namespace, queue.topic)
  return topic === queue.topic ? queue : { ...queue, topic }
}

/** A queue as brokers know it. */
export function realQueue(namespace: string | undefined, queue: MessageQueue): MessageQueue {
  const topic = withNamespace(namespace, queue.topic)
  return topic === queue.topic ? queue : { ...queue, topic }
}

const isSystemName = (name: string): boolean => isSystemTopic(name) || isSystemGroup(name)
