import { type Exchange, failure, type Reply, success } from '@aerobee/net'
import { bodies, type commands, responseCodes } from '@aerobee/wire'
import { orderTopicNamespace } from '../kv-config.js'
import { type BrokerRegistration, registerBroker } from '../register.js'
import { type QueueData, smallestId } from '../route-state.js'
import type { NameServerParts } from './context.js'
import { tellMinimumId } from './minimum-id.js'

type Command = typeof commands.registerBroker
type Asked = Exchange<Command['request'], Command['response']>

/** Upstream's lease when the broker names none. */
const leaseMs = 120_000

/** 103 (reference: broker-behaviour 1.3). */
export function registerBrokerHandler(parts: NameServerParts, exchange: Asked): Reply<Command['response']> {
  const { request, frame } = exchange
  if (
    request.bodyCrc32 !== undefined &&
    request.bodyCrc32 !== 0 &&
    request.bodyCrc32 !== bodies.registrationCrc32(frame.body)
  )
    return failure(responseCodes.SYSTEM_ERROR, 'crc32 not match')
  const body = bodies.decodeRegisterBrokerBody(frame.body, {
    compressed: request.compressed === true,
    senderVersion: frame.version,
  })
  if (!body.ok) return failure(responseCodes.SYSTEM_ERROR, body.reason)
  const known = parts.state.brokers.has(request.brokerName)
  const registration = registrationOf(exchange, body.value)
  const outcome = registerBroker(parts.state, registration, parts.clock.monoMs(), parts.config)
  if (outcome.kind === 'refused') return failure(responseCodes.SYSTEM_ERROR, 'register broker failed')
  if (!known)
    parts.logger.info(`broker ${request.brokerName} registered at ${request.brokerAddr}`, {
      cluster: request.clusterName,
    })
  if (outcome.kind === 'registered' && outcome.newMinimumId) announce(parts, registration)
  const addresses =
    outcome.kind === 'registered' && outcome.masterAddress !== ''
      ? { haServerAddr: outcome.masterHaAddress, masterAddr: outcome.masterAddress }
      : {}
  const order = parts.config.returnOrderTopicConfigToBroker ? parts.kv.list(orderTopicNamespace) : undefined
  return success(addresses, order ? bodies.kvTable.encode({ table: Object.fromEntries(order) }) : null)
}

function registrationOf(exchange: Asked, body: bodies.RegisterBrokerBody): BrokerRegistration {
  const { request, connection } = exchange
  const table = body.topicConfigSerializeWrapper
  const topics = new Map<string, QueueData>()
  for (const [topic, config] of table.topicConfigTable) {
    topics.set(topic, {
      brokerName: request.brokerName,
      readQueueNums: config.readQueueNums,
      writeQueueNums: config.writeQueueNums,
      perm: config.perm,
      topicSysFlag: config.topicSysFlag,
    })
  }
  return {
    cluster: request.clusterName,
    brokerName: request.brokerName,
    brokerId: request.brokerId,
    address: request.brokerAddr,
    haServerAddress: request.haServerAddr,
    zoneName: request.zoneName,
    enableActingMaster: request.enableActingMaster,
    leaseMs: request.heartbeatTimeoutMillis ?? leaseMs,
    dataVersion: table.dataVersion,
    topics,
    mappings: table.topicQueueMappingInfoMap.size > 0 ? table.topicQueueMappingInfoMap : undefined,
    filterServers: body.filterServerList,
    connection,
  }
}

/** The newcomer has the smallest id now; the others hear of it, or the newcomer itself when it is alone. */
function announce(parts: NameServerParts, registration: BrokerRegistration): void {
  const entry = parts.state.brokers.get(registration.brokerName)
  if (entry) tellMinimumId(parts, entry, { except: entry.addresses.size > 1 ? smallestId(entry) : undefined })
}
