import type { Clock } from '@aerobee/base'
import type { MessageStore } from '@aerobee/store'
import type { bodies } from '@aerobee/wire'
import type { Consumers } from '../clients/consumers.js'
import type { ConsumerOffsets } from '../consumer-offsets.js'

export type ProgressRow = bodies.ConsumeStats['offsetTable'][number]

export interface ProgressParts {
  offsets: ConsumerOffsets
  consumers: Consumers
  store: MessageStore
  clock: Clock
  config: { brokerName: string }
}

/** How far a group has come in the first `queues` queues of a topic (requests 208 and 317). `pause`: see inSlices. */
export async function queueProgress(
  parts: ProgressParts,
  group: string,
  topic: string,
  queues: number,
  pause: () => Promise<void> | undefined,
): Promise<ProgressRow[]> {
  const rows: ProgressRow[] = []
  for (let queueId = 0; queueId < queues; queueId++) {
    await pause()
    rows.push(await rowOf(parts, group, topic, queueId))
  }
  return rows
}

async function rowOf(
  { offsets, store, config }: ProgressParts,
  group: string,
  topic: string,
  queueId: number,
): Promise<ProgressRow> {
  const consumerOffset = offsets.query(group, topic, queueId) ?? 0
  const lastTimestamp =
    consumerOffset > 0 ? Math.max(0, await store.storeTimeAt(topic, queueId, consumerOffset - 1)) : 0
  const stats = {
    brokerOffset: store.maxOffset(topic, queueId),
    consumerOffset,
    lastTimestamp,
    pullOffset: Math.max(consumerOffset, offsets.pulled(group, topic, queueId) ?? 0),
  }
  return [{ brokerName: config.brokerName, queueId, topic }, stats]
}
