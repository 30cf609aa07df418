import type { MessageQueue } from '../route.js'
import type { AllocateStrategy } from './strategy.js'

/** The queues given, whoever else there is. */
export const allocateByConfig = (queues: readonly MessageQueue[]): AllocateStrategy => ({
  name: 'CONFIG',
  allocate: () => queues,
})
