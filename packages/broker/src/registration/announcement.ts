import { bodies, permRead, permWrite } from '@aerobee/wire'
import type { TopicConfig, TopicTable } from '../topics.js'

/**
 * Body of 103 (reference: broker-behaviour 2.2): all topics, or the named ones that still exist, and always the data
 * version of the whole table. A broker that may not be read or written as a whole shows that in each topic.
 */
export function registrationBody(
  topics: TopicTable,
  names: Iterable<string> | 'all',
  brokerPermission: number,
): Uint8Array {
  const announced = new Map<string, TopicConfig>()
  for (const name of names === 'all' ? topics.all.keys() : names) {
    const topic = topics.find(name)
    if (topic) announced.set(name, asSeen(topic, brokerPermission))
  }
  return bodies.encodeRegisterBrokerBody({
    filterServerList: [],
    topicConfigSerializeWrapper: {
      dataVersion: topics.dataVersion,
      mappingDataVersion: bodies.noDataVersion(),
      topicConfigTable: announced,
      topicQueueMappingDetailMap: new Map(),
      topicQueueMappingInfoMap: new Map(),
    },
  })
}

const readAndWrite = permRead | permWrite

function asSeen(topic: TopicConfig, brokerPermission: number): TopicConfig {
  if ((brokerPermission & readAndWrite) === readAndWrite) return topic
  return { ...topic, perm: topic.perm & brokerPermission }
}

/** Topics that an answer to 103 says to be ordered; none when its body says nothing or is unreadable. */
export function orderedTopics(body: Uint8Array): string[] {
  if (body.length === 0) return []
  const table = bodies.kvTable.decode(body)
  return table.ok ? Object.keys(table.value.table) : []
}
