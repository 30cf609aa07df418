import type { bodies } from '@aerobee/wire'
import { isReadable, isWritable } from '@aerobee/wire'
import { staticQueues } from './static-topic.js'

/** A queue by which messages are sent and received. */
export interface MessageQueue {
  readonly topic: string
  readonly brokerName: string
  readonly queueId: number
}

export const queueKey = (queue: MessageQueue): string => `${queue.topic}@${queue.brokerName}@${queue.queueId}`

/** Order of queues before they are shared out: the same for every member of a group, in every language. */
export function compareQueues(a: MessageQueue, b: MessageQueue): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1
  if (a.brokerName !== b.brokerName) return a.brokerName < b.brokerName ? -1 : 1
  return a.queueId - b.queueId
}

/** What is known of a topic: where to send, where to read, who the brokers are. */
export interface TopicRoute {
  readonly topic: string
  /** Writable queues of brokers that have a master (reference: client-behaviour 1.3.3). */
  readonly publishQueues: readonly MessageQueue[]
  /** Readable queues, in the order in which they are shared out. */
  readonly subscribeQueues: readonly MessageQueue[]
  /** broker name -> broker id -> advertised address. */
  readonly brokers: ReadonlyMap<string, ReadonlyMap<number, string>>
  /** Of a static topic: queueKey -> name of the broker that has the queue now. */
  readonly endpoints?: ReadonlyMap<string, string>
  readonly ordered: boolean
  /** The topic does not exist yet: this is where it would be created. Nothing can be read there. */
  readonly provisional: boolean
}

export function topicRoute(topic: string, data: bodies.TopicRouteData): TopicRoute {
  const brokers = new Map(data.brokerDatas.map((broker) => [broker.brokerName, broker.brokerAddrs]))
  const sorted = [...data.queueDatas].sort((a, b) => (a.brokerName < b.brokerName ? -1 : 1))
  const queues = (brokerName: string, count: number): MessageQueue[] =>
    Array.from({ length: count }, (_, queueId) => ({ topic, brokerName, queueId }))
  const order = data.orderTopicConf
  const logical = staticQueues(topic, data.topicQueueMappingByBroker)
  const logicalQueues = logical?.map(({ queue }) => queue)
  const writable = () =>
    sorted
      .filter((queue) => isWritable(queue.perm) && brokers.get(queue.brokerName)?.has(0))
      .flatMap((queue) => queues(queue.brokerName, queue.writeQueueNums))
  const readable = () =>
    sorted
      .filter((queue) => isReadable(queue.perm))
      .flatMap((queue) => queues(queue.brokerName, queue.readQueueNums))
  return {
    topic,
    publishQueues: order ? orderedQueues(topic, order) : (logicalQueues ?? writable()),
    subscribeQueues: (logicalQueues ?? readable()).toSorted(compareQueues),
    brokers,
    ...(logical && {
      endpoints: new Map(logical.map(({ queue, brokerName }) => [queueKey(queue), brokerName])),
    }),
    ordered: Boolean(order),
    provisional: false,
  }
}

/** `broker-a:4;broker-b:2` */
function orderedQueues(topic: string, order: string): MessageQueue[] {
  return order.split(';').flatMap((part) => {
    const colon = part.lastIndexOf(':')
    const count = Number(part.slice(colon + 1))
    if (colon < 1 || !Number.isInteger(count)) return []
    return Array.from({ length: count }, (_, queueId) => ({
      topic,
      brokerName: part.slice(0, colon),
      queueId,
    }))
  })
}

/** A topic that does not exist yet takes its place on the brokers that create topics: at most `queueNums` queues each. */
export function routeOfNewTopic(
  topic: string,
  creating: bodies.TopicRouteData,
  queueNums: number,
): TopicRoute {
  const route = topicRoute(topic, {
    ...creating,
    queueDatas: creating.queueDatas.map((queue) => {
      const count = Math.min(queueNums, queue.readQueueNums)
      return { ...queue, readQueueNums: count, writeQueueNums: count }
    }),
  })
  return { ...route, subscribeQueues: [], provisional: true }
}

export function sameRoute(a: TopicRoute, b: TopicRoute): boolean {
  const text = (route: TopicRoute) =>
    JSON.stringify([
      route.publishQueues,
      route.subscribeQueues,
      [...route.brokers].map(([name, addresses]) => [name, [...addresses]]),
      [...(route.endpoints ?? [])],
    ])
  return text(a) === text(b)
}
