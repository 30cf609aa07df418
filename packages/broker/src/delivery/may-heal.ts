import type { AppendStatus, NewMessage } from '@aerobee/store'
import { propertyNames, removeProperty } from '@aerobee/wire'

/**
 * Whether the store may take it the next time. One that only its light message queues keep out goes to its own queue
 * alone, since all that is behind it waits.
 */
export function mayHeal(message: NewMessage, status: AppendStatus): boolean {
  const { innerMultiDispatch } = propertyNames
  switch (status) {
    case 'MESSAGE_ILLEGAL':
    case 'PROPERTIES_SIZE_EXCEEDED':
    case 'LMQ_CONSUME_QUEUE_NUM_EXCEEDED': {
      const without = removeProperty(message.properties, innerMultiDispatch)
      const changed = without !== message.properties
      message.properties = without
      return changed
    }
    default:
      return true
  }
}
