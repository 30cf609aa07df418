import { AerobeeError, limits } from '@aerobee/base'
import { groupNameFault, isTopicName } from '@aerobee/wire'

/**
 * Checks of what users give, who need not have a compiler that looks at types. Each throws AerobeeError
 * INVALID_ARGUMENT, with Java's text where it has one (reference: client-behaviour 2.2).
 */
const illegal = (text: string) => new AerobeeError('INVALID_ARGUMENT', text)

/** Whether there is a name at all. */
export const isGiven = (name: unknown): name is string => typeof name === 'string' && name.trim() !== ''

export function checkTopicName(topic: string): void {
  if (!isGiven(topic)) throw illegal('The specified topic is blank')
  if (topic.length > limits.topicNameChars)
    throw illegal(`The specified topic is longer than topic max length ${limits.topicNameChars}.`)
  if (!isTopicName(topic))
    throw illegal(
      `The specified topic[${topic}] contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$`,
    )
}

/** Java's name for a group that nobody chose is refused. */
export function checkGroupName(option: 'producerGroup' | 'consumerGroup', group: string): void {
  const given = typeof group === 'string' ? group : ''
  const fault = groupNameFault(given)
  if (fault) throw illegal(`${option} ${given}: ${fault}`)
  if (given === (option === 'producerGroup' ? 'DEFAULT_PRODUCER' : 'DEFAULT_CONSUMER'))
    throw illegal(`${option} can not equal ${given}, please specify another one.`)
}

/** An option that has a closed set of values, with its default. */
export function oneOf<Choice extends string>(
  name: string,
  value: Choice | undefined,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  if (value === undefined) return choices[0]
  if (!choices.includes(value)) throw illegal(`${name} is ${String(value)}: give ${choices.join(' or ')}`)
  return value
}

/** What is called for messages. */
export function checkListener(listener: unknown): void {
  if (typeof listener !== 'function') throw illegal('messageListener is null: give a function')
}
