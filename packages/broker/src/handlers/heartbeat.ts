import type { Logger } from '@aerobee/base'
import { type Connection, type Exchange, failure, type Handler, success } from '@aerobee/net'
import {
  bodies,
  clientIdFault,
  type commands,
  isGroupName,
  permRead,
  permWrite,
  responseCodes,
  retryTopicOf,
} from '@aerobee/wire'
import type { ClientRegistry } from '../clients/client-registry.js'
import type { BrokerConfig } from '../config-keys.js'
import type { ConsumerFilters } from '../filters/consumer-filters.js'
import type { GroupTable } from '../groups.js'
import { newTopicConfig, type TopicTable, topicSysFlags } from '../topics.js'

type Heartbeat = typeof commands.heartbeat
type HeartbeatExchange = Exchange<Heartbeat['request'], Heartbeat['response']>

export interface HeartbeatParts {
  config: BrokerConfig
  logger: Logger
  clients: ClientRegistry
  filters: ConsumerFilters
  groups: GroupTable
  topics: TopicTable
}

/** Groups of a client, and topics of a group: far more than any client has, far less than a frame could name. */
const mostEntries = 1024

/**
 * Register a client and keep it registered (request 34; reference: broker-behaviour 6, points 1 to 3). A beat with a
 * fingerprint (version 2) may leave its subscriptions out; it is asked for them again when the broker has none.
 */
export function heartbeatHandler(
  parts: HeartbeatParts,
): Handler<Heartbeat['request'], Heartbeat['response']> {
  return (exchange) => {
    const decoded = bodies.heartbeatData.decode(exchange.frame.body)
    if (!decoded.ok) return failure(responseCodes.SYSTEM_ERROR, decoded.reason, null)
    const data = decoded.value
    const fault = clientIdFault(data.clientID) ?? sizeFault(data)
    if (fault) return failure(responseCodes.INVALID_PARAMETER, fault, null)
    const { connection } = exchange
    parts.clients.watch(connection)
    const { peerLanguage: language, peerVersion: version } = connection
    for (const { groupName } of data.producerDataSet)
      if (isGroupName(groupName))
        parts.clients.producers.register(groupName, {
          connection,
          clientId: data.clientID,
          language,
          version,
        })
    let subscriptionChanged = data.heartbeatFingerprint === 0
    let refusal: string | undefined
    for (const consumer of data.consumerDataSet) {
      const conflict = refuseConflict(parts, connection, data, consumer)
      refusal ??= conflict
      if (conflict === undefined && registerConsumer(parts, exchange, data, consumer))
        subscriptionChanged = true
    }
    if (refusal !== undefined) return failure(responseCodes.NO_PERMISSION, refusal, null)
    return success({ supportsHeartbeatV2: true, subscriptionChanged })
  }
}

function sizeFault(data: bodies.HeartbeatData): string | undefined {
  const largest = Math.max(
    data.producerDataSet.length,
    data.consumerDataSet.length,
    ...data.consumerDataSet.slice(0, mostEntries).map((consumer) => consumer.subscriptionDataSet.length),
  )
  return largest > mostEntries
    ? `a heartbeat names at most ${mostEntries} groups and topics of each`
    : undefined
}

/** Why the client may not be a member; one that was is so no more. */
function refuseConflict(
  { config, clients }: HeartbeatParts,
  connection: Connection,
  { clientID, withoutSub }: bodies.HeartbeatData,
  { groupName, subscriptionDataSet }: bodies.ConsumerData,
): string | undefined {
  if (!config.rejectConflictingSubscription) return undefined
  const { conflicts, consumers } = clients
  if (withoutSub) return conflicts.refusalOf(groupName, connection)
  const conflict = conflicts.against(groupName, connection, clientID, subscriptionDataSet)
  if (conflict === undefined) return undefined
  conflicts.refuse(groupName, connection, conflict)
  const rest = consumers.leave(groupName, connection)
  if (rest) clients.groupChanged(rest)
  return conflict
}

/** Whether the client must bring its subscriptions with the next beat. */
function registerConsumer(
  parts: HeartbeatParts,
  exchange: HeartbeatExchange,
  data: bodies.HeartbeatData,
  consumer: bodies.ConsumerData,
): boolean {
  const { clients, config } = parts
  const { connection } = exchange
  const { groupName } = consumer
  if (config.rejectPullConsumerEnable && consumer.consumeType === 'CONSUME_ACTIVELY') return false
  const groupConfig = parts.groups.find(groupName)
  if (!groupConfig) return false
  parts.topics.ensureSoon(
    newTopicConfig(retryTopicOf(groupName), groupConfig.retryQueueNums, permRead | permWrite, {
      order: consumer.subscriptionDataSet.some(({ topic }) => parts.topics.find(topic)?.order === true),
      topicSysFlag: consumer.unitMode ? topicSysFlags.unitSub : 0,
    }),
  )
  const changed = clients.consumers.register({
    group: groupName,
    consumeType: consumer.consumeType,
    messageModel: consumer.messageModel,
    consumeFromWhere: consumer.consumeFromWhere,
    connection,
    clientId: data.clientID,
    language: connection.peerLanguage,
    version: connection.peerVersion,
    subscriptions: data.withoutSub ? undefined : consumer.subscriptionDataSet,
  })
  const group = clients.consumers.group(groupName)!
  if (!data.withoutSub) {
    parts.filters.register(groupName, consumer.subscriptionDataSet)
    clients.conflicts.note(groupName, connection, data.clientID, consumer.subscriptionDataSet)
  }
  if (changed) {
    parts.logger.info(
      `group ${groupName}: ${group.clients.size} clients after ${data.clientID} at ${connection.remoteText}`,
    )
    clients.groupChanged(group)
  }
  if (data.heartbeatFingerprint === 0) return false
  const known = group.fingerprint
  group.fingerprint = data.heartbeatFingerprint
  const missing = data.withoutSub && group.topics.size === 0
  return missing || (known !== undefined && known !== data.heartbeatFingerprint)
}
