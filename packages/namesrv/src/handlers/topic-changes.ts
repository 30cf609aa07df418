import { type Registration, serve, success } from '@aerobee/net'
import { bodies, commands } from '@aerobee/wire'
import { removeBrokerOfTopic } from '../register.js'
import { setWritable } from '../route-lookup.js'
import type { NameServerParts } from './context.js'

/** 205, 216, 217, 327 (reference: broker-behaviour 1.7). */
export function topicChangeHandlers(parts: NameServerParts): Registration[] {
  const { state } = parts
  return [
    serve(commands.wipeWritePermOfBroker, ({ request }) =>
      success({ wipeTopicCount: setWritable(state, request.brokerName, false) }),
    ),
    serve(commands.addWritePermOfBroker, ({ request }) =>
      success({ addTopicCount: setWritable(state, request.brokerName, true) }),
    ),
    serve(commands.deleteTopicInNameServer, ({ request }) => {
      const names = request.clusterName === undefined ? undefined : state.clusters.get(request.clusterName)
      for (const brokerName of [...(state.topics.get(request.topic)?.keys() ?? [])])
        if (request.clusterName === undefined || names?.has(brokerName))
          removeBrokerOfTopic(state, request.topic, brokerName)
      return success()
    }),
    serve(commands.registerTopicInNameServer, ({ request, frame }) => {
      const route = bodies.topicRouteData.decode(frame.body)
      if (!route.ok) return success()
      const byBroker = state.topics.get(request.topic) ?? new Map()
      for (const queue of route.value.queueDatas) {
        if (!state.brokers.has(queue.brokerName)) break
        byBroker.set(queue.brokerName, { ...queue })
      }
      if (byBroker.size > 0) state.topics.set(request.topic, byBroker)
      return success()
    }),
  ]
}
