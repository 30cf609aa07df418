import type { Handler } from '@aerobee/net'
import { bodies, type commands, type RequestOf } from '@aerobee/wire'
import { type ProgressParts, type ProgressRow, queueProgress } from '../admin/queue-progress.js'
import { inSlices } from '../admin/slices.js'
import { wholeAnswer } from '../admin/whole-answer.js'
import type { BrokerStats } from '../stats/broker-stats.js'
import type { TopicTable } from '../topics.js'

type Get = typeof commands.getConsumeStats

interface Parts extends ProgressParts {
  topics: TopicTable
  stats: BrokerStats
}

/**
 * How far a group is behind, queue by queue (request 208; reference: broker-behaviour 13), and how many messages a
 * second it got over the last minute.
 */
export function getConsumeStatsHandler(parts: Parts): Handler<Get['request'], Get['response']> {
  return async ({ request }) => {
    const { consumerGroup } = request
    const offsetTable: ProgressRow[] = []
    const pause = inSlices(parts.clock)
    let consumeTps = 0
    for (const topic of topicsOf(parts, request)) {
      const known = parts.topics.find(topic)
      if (!known) continue
      offsetTable.push(...(await queueProgress(parts, consumerGroup, topic, known.readQueueNums, pause)))
      consumeTps += parts.stats.getTps(topic, consumerGroup)
    }
    return wholeAnswer(bodies.consumeStats.encode({ offsetTable, consumeTps }), 'ask for single topics')
  }
}

/** Those listed, whatever is subscribed to; or the one asked for, or those with offsets. */
function topicsOf(parts: Parts, { consumerGroup, topic, topicList }: RequestOf<Get>): string[] {
  const listed = (topicList ?? '').split(';').filter((name) => name !== '')
  if (listed.length > 0) return [...new Set(listed)]
  return parts.consumers.subscribedOf(consumerGroup, topic ? [topic] : parts.offsets.topicsOf(consumerGroup))
}
