import type { AllocateStrategy } from './strategy.js'

/**
 * Shares queues out in blocks, the strategy AVG (reference: client-behaviour 8.3). A member that is not among them gets
 * nothing.
 */
export function sharesAveragely<Q>(queues: readonly Q[], members: readonly string[], own: string): Q[] {
  const index = members.indexOf(own)
  if (index < 0) return []
  const rest = queues.length % members.length
  const share =
    queues.length <= members.length ? 1 : Math.floor(queues.length / members.length) + (index < rest ? 1 : 0)
  const start = rest > 0 && index < rest ? index * share : index * share + rest
  return queues.slice(start, start + Math.max(0, Math.min(share, queues.length - start)))
}

/** Blocks of neighbouring queues; the default. */
export const allocateAveragely: AllocateStrategy = {
  name: 'AVG',
  allocate: ({ queues, members, own }) => sharesAveragely(queues, members, own),
}
