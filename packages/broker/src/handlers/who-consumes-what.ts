import { endpointText, type Handler, success } from '@aerobee/net'
import { bodies, type commands, systemTopicNames } from '@aerobee/wire'
import type { Consumers } from '../clients/consumers.js'
import type { BrokerConfig } from '../config-keys.js'
import type { ConsumerOffsets } from '../consumer-offsets.js'
import type { Peers } from '../peers.js'
import { systemTopics } from '../system-topics.js'

type Groups = typeof commands.queryTopicConsumeByWho
type Topics = typeof commands.queryTopicsByConsumer
type Subscription = typeof commands.querySubscriptionByConsumer
type System = typeof commands.getSystemTopicListFromBroker

/** Groups with offsets on a topic, and those that subscribe to it now (request 300; reference: broker-behaviour 13). */
export function queryGroupsOfTopicHandler({
  offsets,
  consumers,
}: {
  offsets: ConsumerOffsets
  consumers: Consumers
}): Handler<Groups['request'], Groups['response']> {
  return ({ request: { topic } }) => {
    const live = [...consumers.all.values()].filter(({ topics }) => topics.has(topic)).map(({ name }) => name)
    const groupList = [...new Set([...offsets.groupsOf(topic), ...live])]
    return success(null, bodies.groupList.encode({ groupList }))
  }
}

/** Topics that a group has offsets on (request 343). */
export function queryTopicsOfGroupHandler({
  offsets,
  peers,
  config,
}: {
  offsets: ConsumerOffsets
  peers: Peers
  config: { listenPort: number }
}): Handler<Topics['request'], Topics['response']> {
  return ({ request: { group }, connection }) => {
    const brokerAddr = endpointText({ host: peers.of(connection).storeHostText, port: config.listenPort })
    return success(null, bodies.topicList.encode({ brokerAddr, topicList: offsets.topicsOf(group) }))
  }
}

/** The subscription of a group to a topic, as members or pulls said; left out when none did (request 345). */
export function querySubscriptionHandler({
  consumers,
}: {
  consumers: Consumers
}): Handler<Subscription['request'], Subscription['response']> {
  return ({ request: { group, topic } }) => {
    const subscribed = topic === undefined ? undefined : consumers.subscription(group, topic)
    const subscriptionData = subscribed?.subscription
    return success(null, bodies.queriedSubscription.encode({ group, subscriptionData, topic }))
  }
}

/** Names that belong to brokers, those of this one among them (request 305). */
export function getSystemTopicsHandler({
  config,
}: {
  config: BrokerConfig
}): Handler<System['request'], System['response']> {
  return () => {
    const own = systemTopics(config).map(({ name }) => name)
    const topicList = [...new Set([...Object.values(systemTopicNames), ...own])]
    return success(null, bodies.topicList.encode({ topicList }))
  }
}
