import type { AllocateStrategy } from './strategy.js'

/** Queues in turn, as cards are dealt. */
export const allocateAveragelyByCircle: AllocateStrategy = {
  name: 'AVG_BY_CIRCLE',
  allocate: ({ queues, members, own }) => {
    const index = members.indexOf(own)
    return index < 0 ? [] : queues.filter((_, i) => i % members.length === index)
  },
}
