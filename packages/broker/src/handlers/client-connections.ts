import { failure, type Handler, success } from '@aerobee/net'
import { bodies, type commands, responseCodes } from '@aerobee/wire'
import type { ClientRegistry } from '../clients/client-registry.js'
import type { ConsumerClient, Consumers } from '../clients/consumers.js'

type OfConsumers = typeof commands.getConsumerConnectionList
type OfProducers = typeof commands.getProducerConnectionList

/** Who is connected for a consumer group (request 203; reference: broker-behaviour 13). */
export function getConsumerConnectionsHandler({
  consumers,
}: {
  consumers: Consumers
}): Handler<OfConsumers['request'], OfConsumers['response']> {
  return ({ request: { consumerGroup } }) => {
    const group = consumers.group(consumerGroup)
    if (!group)
      return failure(responseCodes.CONSUMER_NOT_ONLINE, `the consumer group[${consumerGroup}] not online`)
    const subscriptions = [...group.topics].map(([topic, { subscription }]) => [topic, subscription] as const)
    const connection = {
      connectionSet: [...group.clients.values()].map(connectionOf),
      consumeFromWhere: group.consumeFromWhere,
      consumeType: group.consumeType,
      messageModel: group.messageModel,
      subscriptionTable: new Map(subscriptions),
    }
    return success(null, bodies.consumerConnection.encode(connection))
  }
}

/** Who is connected for a producer group (request 204). */
export function getProducerConnectionsHandler({
  clients,
}: {
  clients: ClientRegistry
}): Handler<OfProducers['request'], OfProducers['response']> {
  return ({ request: { producerGroup } }) => {
    const group = clients.producers.all.get(producerGroup)
    if (!group) return failure(responseCodes.SYSTEM_ERROR, `the producer group[${producerGroup}] not exist`)
    const connectionSet = [...group.values()].map(connectionOf)
    return success(null, bodies.producerConnection.encode({ connectionSet }))
  }
}

type Client = Pick<ConsumerClient, 'connection' | 'clientId' | 'language' | 'version'>

const connectionOf = ({ connection, clientId, language, version }: Client): bodies.ClientConnection => ({
  clientAddr: connection.remoteText,
  clientId,
  language: language ?? 'OTHER',
  version,
})
