import type { Clock } from '@aerobee/base'
import { failure, type Handler, success } from '@aerobee/net'
import type { MessageStore } from '@aerobee/store'
import { bodies, type commands, responseCodes } from '@aerobee/wire'
import type { ConsumerOffsets } from '../consumer-offsets.js'
import type { BrokerStats } from '../stats/broker-stats.js'
import { type FiguresOf, statsItem } from '../stats/stats-items.js'

type View = typeof commands.viewBrokerStatsData

interface Parts {
  stats: BrokerStats
  store: MessageStore
  offsets: ConsumerOffsets
  clock: Clock
  config: { brokerClusterName: string }
}

/**
 * One item of the statistics over the last minute, hour and day (request 315; reference: broker-behaviour 13, stats
 * keys). How far a group falls behind in a queue is of this moment; ours shows it as the sum of each span.
 */
export function viewBrokerStatsHandler(parts: Parts): Handler<View['request'], View['response']> {
  return async ({ request: { statsName, statsKey } }) => {
    const figures =
      statsItem(parts.stats, parts.config.brokerClusterName, statsName, statsKey) ??
      (await fallBehind(parts, statsName, statsKey))
    if (!figures)
      return failure(responseCodes.SYSTEM_ERROR, `The stats <${statsName}> <${statsKey}> not exist`)
    const data = { statsDay: figures('day'), statsHour: figures('hour'), statsMinute: figures('minute') }
    return success(null, bodies.brokerStatsData.encode(data))
  }
}

/** Bytes of log, or ms, between what was pulled last and the end of the queue. */
async function fallBehind(
  { store, offsets, clock }: Parts,
  name: string,
  key: string,
): Promise<FiguresOf | undefined> {
  if (name !== 'GROUP_GET_FALL_SIZE' && name !== 'GROUP_GET_FALL_TIME') return undefined
  const [queue, topic, group, ...more] = key.split('@')
  if (topic === undefined || group === undefined || more.length > 0) return undefined
  const queueId = Number(queue)
  const pulled = offsets.pulled(group, topic, queueId)
  if (pulled === undefined) return undefined
  let sum = 0
  if (pulled < store.maxOffset(topic, queueId)) {
    if (name === 'GROUP_GET_FALL_TIME') {
      const next = await store.storeTimeAt(topic, queueId, pulled)
      sum = next < 0 ? 0 : Math.max(0, clock.wallMs() - next)
    } else {
      const [next] = (await store.queueEntries(topic, queueId, pulled, 1)) ?? []
      sum = next ? store.status().maxPhysicalOffset - next.physicalOffset : 0
    }
  }
  return () => ({ sum, tps: 0, avgpt: 0 })
}
