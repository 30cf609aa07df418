import { type Exchange, failure, type Reply, success } from '@aerobee/net'
import { bodies, type commands, faq, responseCodes, versions } from '@aerobee/wire'
import { advertisedTo } from '../advertise.js'
import { orderTopicNamespace } from '../kv-config.js'
import { routeOfTopic, type TopicRoute } from '../route-lookup.js'
import type { BrokerEntry } from '../route-state.js'
import type { NameServerParts } from './context.js'

type Request = typeof commands.getRouteInfoByTopic.request
type Asked = Exchange<Request, Record<never, never>>

/** 105 (reference: broker-behaviour 1.6). */
export function getRouteInfo(parts: NameServerParts, exchange: Asked): Reply<Record<never, never>> {
  const { config, state } = parts
  const { topic, acceptStandardJsonOnly } = exchange.request
  if (
    config.needWaitForService &&
    parts.clock.monoMs() - parts.startedAtMonoMs < config.waitSecondsForService * 1000
  )
    return failure(responseCodes.SYSTEM_ERROR, 'name server not ready')
  const route = routeOfTopic(state, topic ?? '', config)
  if (!route)
    return failure(
      responseCodes.TOPIC_NOT_EXIST,
      `No topic route info in name server for the topic: ${topic ?? 'null'}${faq}`,
    )
  const standard = exchange.frame.version >= versions.V4_9_4 || acceptStandardJsonOnly === true
  const zoned = inZone(route, exchange.request)
  return success(
    null,
    bodies.topicRouteData.encode(
      routeData(parts, zoned, topic!, exchange),
      standard ? 'standard' : 'fastjson',
    ),
  )
}

function routeData(
  parts: NameServerParts,
  route: TopicRoute,
  topic: string,
  exchange: Asked,
): bodies.TopicRouteData {
  const order = parts.config.orderMessageEnable ? parts.kv.get(orderTopicNamespace, topic) : undefined
  return {
    brokerDatas: route.brokers.map((entry) => brokerData(parts, entry, exchange)),
    filterServerTable: route.filterServers,
    orderTopicConf: order,
    queueDatas: route.queues,
    topicQueueMappingByBroker: route.mappings && Object.fromEntries(route.mappings),
  }
}

function brokerData(parts: NameServerParts, entry: BrokerEntry, exchange: Asked): bodies.BrokerData {
  return {
    brokerAddrs: advertisedTo(parts.state, entry, exchange.connection),
    brokerName: entry.brokerName,
    cluster: entry.cluster,
    enableActingMaster: entry.enableActingMaster,
    zoneName: entry.zoneName,
  }
}

/** With `__ZONE_MODE=true`: brokers of the asked zone, and those without a master. */
function inZone(route: TopicRoute, request: Asked['request']): TopicRoute {
  const zone = request.zoneName?.trim().toLowerCase()
  if (request.zoneMode !== true || !zone) return route
  const brokers = route.brokers.filter(
    (entry) => !entry.addresses.has(0) || entry.zoneName?.toLowerCase() === zone,
  )
  const names = new Set(brokers.map((entry) => entry.brokerName))
  const addresses = new Set(brokers.flatMap((entry) => [...entry.addresses.values()]))
  return {
    ...route,
    brokers,
    queues: route.queues.filter((queue) => names.has(queue.brokerName)),
    filterServers: new Map([...route.filterServers].filter(([address]) => addresses.has(address))),
  }
}
