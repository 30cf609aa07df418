import type { BrokerStats, BrokerTotal } from './broker-stats.js'
import type { Amount, Figures, Span, Tally } from './tally.js'
import type { GroupTraffic, TopicTraffic } from './traffic.js'

export type FiguresOf = (span: Span) => Figures

type Find = (stats: BrokerStats, key: readonly string[]) => Tally | undefined

const topicOf = (stats: BrokerStats, topic: string | undefined): TopicTraffic | undefined =>
  topic === undefined ? undefined : stats.traffic.find(topic)

const groupOf = (
  stats: BrokerStats,
  topic: string | undefined,
  group: string | undefined,
): GroupTraffic | undefined => (group === undefined ? undefined : topicOf(stats, topic)?.groups.get(group))

/** What an item of upstream's statistics counts, and how its key is taken apart at every `@`. */
const items: Readonly<Record<string, readonly [keyParts: number, amount: Amount, find: Find]>> = {
  TOPIC_PUT_NUMS: [1, 'count', (stats, [topic]) => topicOf(stats, topic)?.put],
  TOPIC_PUT_SIZE: [1, 'bytes', (stats, [topic]) => topicOf(stats, topic)?.put],
  TOPIC_PUT_LATENCY: [2, 'millis', (stats, [queue, topic]) => putsOf(stats, topic, queue)],
  QUEUE_PUT_NUMS: [2, 'count', (stats, [topic, queue]) => putsOf(stats, topic, queue)],
  QUEUE_PUT_SIZE: [2, 'bytes', (stats, [topic, queue]) => putsOf(stats, topic, queue)],
  GROUP_GET_NUMS: [2, 'count', (stats, [topic, group]) => groupOf(stats, topic, group)?.got],
  GROUP_GET_SIZE: [2, 'bytes', (stats, [topic, group]) => groupOf(stats, topic, group)?.got],
  GROUP_GET_LATENCY: [3, 'millis', (stats, [queue, topic, group]) => getsOf(stats, topic, queue, group)],
  QUEUE_GET_NUMS: [3, 'count', (stats, [topic, queue, group]) => getsOf(stats, topic, queue, group)],
  QUEUE_GET_SIZE: [3, 'bytes', (stats, [topic, queue, group]) => getsOf(stats, topic, queue, group)],
  SNDBCK_PUT_NUMS: [2, 'count', (stats, [topic, group]) => groupOf(stats, topic, group)?.sentBack],
}

const putsOf = (stats: BrokerStats, topic: string | undefined, queue: string | undefined) =>
  topicOf(stats, topic)?.queuePuts.get(Number(queue))

const getsOf = (
  stats: BrokerStats,
  topic: string | undefined,
  queue: string | undefined,
  group: string | undefined,
) => groupOf(stats, topic, group)?.queueGets.get(Number(queue))

const brokerTotals: ReadonlySet<string> = new Set<BrokerTotal>([
  'BROKER_PUT_NUMS',
  'BROKER_GET_NUMS',
  'BROKER_PUT_NUMS_WITHOUT_SYSTEM_TOPIC',
  'BROKER_GET_NUMS_WITHOUT_SYSTEM_TOPIC',
])

/** An item as request 315 names it; undefined when nothing was counted for it. */
export function statsItem(
  stats: BrokerStats,
  cluster: string,
  name: string,
  key: string,
): FiguresOf | undefined {
  if (brokerTotals.has(name))
    return key === cluster ? (span) => stats.broker(name as BrokerTotal, span) : undefined
  if (!Object.hasOwn(items, name)) return undefined
  const [keyParts, amount, find] = items[name]!
  const parts = key.split('@')
  const tally = parts.length === keyParts ? find(stats, parts) : undefined
  return tally && tally.times > 0 ? (span) => tally.figures(span, amount) : undefined
}
