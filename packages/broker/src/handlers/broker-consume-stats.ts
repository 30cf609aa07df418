import { endpointText, type Handler } from '@aerobee/net'
import { bodies, type commands } from '@aerobee/wire'
import { type ProgressParts, queueProgress } from '../admin/queue-progress.js'
import { inSlices } from '../admin/slices.js'
import { wholeAnswer } from '../admin/whole-answer.js'
import type { GroupTable } from '../groups.js'
import type { Peers } from '../peers.js'
import type { BrokerStats } from '../stats/broker-stats.js'
import type { TopicTable } from '../topics.js'

type Get = typeof commands.getBrokerConsumeStats

interface Parts extends ProgressParts {
  topics: TopicTable
  groups: GroupTable
  stats: BrokerStats
  peers: Peers
  config: { brokerName: string; listenPort: number }
}

/** How far all groups are behind (request 317; reference: broker-behaviour 13). Ours: with what is on its way to them. */
export function getBrokerConsumeStatsHandler(parts: Parts): Handler<Get['request'], Get['response']> {
  return async ({ request: { isOrder }, connection }) => {
    const consumeStatsList: ReadonlyMap<string, readonly bodies.ConsumeStats[]>[] = []
    const pause = inSlices(parts.clock)
    const topicsByGroup = parts.offsets.topicsByGroup()
    let totalDiff = 0
    let totalInflightDiff = 0
    for (const group of [...parts.groups.all.keys()]) {
      await pause()
      const topics = parts.consumers.subscribedOf(group, topicsByGroup.get(group) ?? [])
      const stats = await statsOf(parts, group, topics, isOrder, pause)
      for (const { offsetTable } of stats)
        for (const [, { brokerOffset, consumerOffset, pullOffset }] of offsetTable) {
          totalDiff += brokerOffset - consumerOffset
          totalInflightDiff += pullOffset - consumerOffset
        }
      consumeStatsList.push(new Map([[group, stats]]))
    }
    const { peers, config } = parts
    const brokerAddr = endpointText({ host: peers.of(connection).storeHostText, port: config.listenPort })
    const body = { brokerAddr, consumeStatsList, totalDiff, totalInflightDiff }
    return wholeAnswer(bodies.consumeStatsList.encode(body), 'ask for single groups, with request 208')
  }
}

async function statsOf(
  parts: Parts,
  group: string,
  topics: readonly string[],
  isOrder: boolean,
  pause: () => Promise<void> | undefined,
): Promise<bodies.ConsumeStats[]> {
  const stats: bodies.ConsumeStats[] = []
  for (const name of topics) {
    const topic = parts.topics.find(name)
    if (!topic || (isOrder && !topic.order)) continue
    const offsetTable = await queueProgress(parts, group, name, topic.writeQueueNums, pause)
    stats.push({ consumeTps: parts.stats.getTps(name, group), offsetTable })
  }
  return stats
}
