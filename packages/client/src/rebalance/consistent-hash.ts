import { createHash } from 'node:crypto'
import type { MessageQueue } from '../route.js'
import type { AllocateStrategy } from './strategy.js'

/**
 * A ring of hashes: every member stands on it in `virtualNodes` places, and a queue belongs to the first member at or
 * behind its own place. A member that comes or goes moves few queues.
 */
export const allocateByConsistentHash = (virtualNodes = 10): AllocateStrategy => ({
  name: 'CONSISTENT_HASH',
  allocate: ({ queues, members, own }) => {
    if (!members.includes(own)) return []
    const ring = members
      .flatMap((id) => Array.from({ length: virtualNodes }, (_, i) => ({ id, place: placeOf(`${id}-${i}`) })))
      .sort((a, b) => a.place - b.place)
    return queues.filter((queue) => {
      const place = placeOf(queueText(queue))
      const node = ring.find((one) => one.place >= place) ?? ring[0]
      return node?.id === own
    })
  },
})

/** As Java prints a queue. */
const queueText = ({ topic, brokerName, queueId }: MessageQueue): string =>
  `MessageQueue [topic=${topic}, brokerName=${brokerName}, queueId=${queueId}]`

/** First four bytes of MD5, big endian. */
function placeOf(key: string): number {
  return createHash('md5').update(key, 'utf8').digest().readUInt32BE(0)
}
