import { AerobeeError } from '@aerobee/base'
import type { MessageQueue } from '../route.js'
import { allocateAveragely } from './averagely.js'
import type { AllocateStrategy } from './strategy.js'

/** Queues of brokers named `<room>@<name>` whose room is one of those given; of the others nobody gets any. */
export const allocateByMachineRoom = (rooms: Iterable<string>): AllocateStrategy => {
  const wanted = new Set(rooms)
  return {
    name: 'MACHINE_ROOM',
    allocate: ({ queues, members, own }) => {
      const index = members.indexOf(own)
      if (index < 0) return []
      const near = queues.filter((queue) => {
        const parts = queue.brokerName.split('@')
        return parts.length === 2 && wanted.has(parts[0]!)
      })
      const share = Math.floor(near.length / members.length)
      const own_ = near.slice(share * index, share * (index + 1))
      const rest = near.length % members.length
      return rest > index ? [...own_, near[index + share * members.length]!] : own_
    },
  }
}

/** Tells in which room something stands; blank is an error. */
export interface MachineRoomResolver {
  brokerRoom(queue: MessageQueue): string
  memberRoom(clientId: string): string
}

/**
 * Members get queues of their own room, shared out by `inner`; queues of rooms without a member are shared out among
 * all.
 */
export const allocateMachineRoomNearby = (
  resolver: MachineRoomResolver,
  inner: AllocateStrategy = allocateAveragely,
): AllocateStrategy => ({
  name: `MACHINE_ROOM_NEARBY-${inner.name}`,
  allocate: (allocation) => {
    const { queues, members, own } = allocation
    if (!members.includes(own)) return []
    const queuesByRoom = groupBy(queues, (queue) => named(resolver.brokerRoom(queue), queue.brokerName))
    const membersByRoom = groupBy(members, (id) => named(resolver.memberRoom(id), id))
    const ownRoom = named(resolver.memberRoom(own), own)
    const near = queuesByRoom.get(ownRoom) ?? []
    const result = [...inner.allocate({ ...allocation, queues: near, members: membersByRoom.get(ownRoom)! })]
    for (const [room, others] of queuesByRoom)
      if (!membersByRoom.has(room)) result.push(...inner.allocate({ ...allocation, queues: others }))
    return result
  },
})

function named(room: string, of: string): string {
  if (room.trim() === '') throw new AerobeeError('INVALID_ARGUMENT', `Machine room is null for ${of}`)
  return room
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const name = key(item)
    const group = groups.get(name)
    if (group) group.push(item)
    else groups.set(name, [item])
  }
  // In the order of room names, as every member has it.
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)))
}
