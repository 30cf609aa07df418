import { failure, type Registration, type Reply, serve, success } from '@aerobee/net'
import { bodies, commands, responseCodes } from '@aerobee/wire'
import { advertisedTo } from '../advertise.js'
import { systemTopics, topicsOfCluster, unitTopics } from '../route-lookup.js'
import type { NameServerParts } from './context.js'

/** 106, 901 and the topic lists 206, 224, 304, 311-313 (reference: broker-behaviour 1.4, 1.7). */
export function viewHandlers(parts: NameServerParts): Registration[] {
  const { state, config } = parts
  const topicList = (enabled: boolean, topics: () => string[]): Reply<Record<never, never>> =>
    enabled
      ? success(null, bodies.topicList.encode({ topicList: topics() }))
      : failure(responseCodes.SYSTEM_ERROR, 'disable')
  return [
    serve(commands.getBrokerClusterInfo, ({ connection }) => {
      const brokerAddrTable = new Map(
        [...state.brokers].map(([name, entry]) => [
          name,
          {
            brokerAddrs: advertisedTo(state, entry, connection),
            brokerName: name,
            cluster: entry.cluster,
            enableActingMaster: entry.enableActingMaster,
            zoneName: entry.zoneName,
          },
        ]),
      )
      const clusterAddrTable = new Map([...state.clusters].map(([cluster, names]) => [cluster, [...names]]))
      return success(null, bodies.clusterInfo.encode({ brokerAddrTable, clusterAddrTable }))
    }),
    serve(commands.getBrokerMemberGroup, ({ request }) => {
      const entry = state.brokers.get(request.brokerName)
      const group = {
        brokerAddrs: entry?.cluster === request.clusterName ? entry.addresses : new Map<number, string>(),
        brokerName: request.brokerName,
        cluster: request.clusterName,
      }
      return success(null, bodies.brokerMemberGroup.encode({ brokerMemberGroup: group }))
    }),
    serve(commands.getAllTopicListFromNameServer, () =>
      topicList(config.enableAllTopicList, () => [...state.topics.keys()]),
    ),
    serve(commands.getTopicsByCluster, ({ request }) =>
      topicList(config.enableTopicList, () => topicsOfCluster(state, request.cluster)),
    ),
    serve(commands.getSystemTopicListFromNameServer, () => {
      const { topics, brokerAddress } = systemTopics(state)
      return success(null, bodies.topicList.encode({ brokerAddr: brokerAddress, topicList: topics }))
    }),
    serve(commands.getUnitTopicList, () =>
      topicList(config.enableTopicList, () => unitTopics(state, 'unit')),
    ),
    serve(commands.getHasUnitSubTopicList, () =>
      topicList(config.enableTopicList, () => unitTopics(state, 'unitSub')),
    ),
    serve(commands.getHasUnitSubUnunitTopicList, () =>
      topicList(config.enableTopicList, () => unitTopics(state, 'unitSubWithoutUnit')),
    ),
  ]
}
