import type { Logger } from '@aerobee/base'
import { failure, type Handler, type Reply, success } from '@aerobee/net'
import { bodies, type commands, responseCodes } from '@aerobee/wire'
import { parseAttributeChanges } from '../admin/attributes.js'
import { checkedTopic, type TopicChangeParts } from '../admin/topic-changes.js'
import type { Announcements } from '../registration.js'
import type { TopicConfig } from '../topics.js'

type Update = typeof commands.updateAndCreateTopic
type UpdateList = typeof commands.updateAndCreateTopicList

interface Parts extends TopicChangeParts {
  registration: Pick<Announcements, 'announced'>
  logger: Logger
}

/**
 * Create a topic or change it (request 17; reference: broker-behaviour 13). The answer says that it is on disk and
 * that the name servers within reach know it.
 */
export function updateTopicHandler(parts: Parts): Handler<Update['request'], Update['response']> {
  return async ({ request, connection }) => {
    const changes = parseAttributeChanges(request.attributes ?? '')
    if (!changes.ok) return failure(responseCodes.SYSTEM_ERROR, changes.reason)
    const { topicFilterType, topic } = request
    if (topicFilterType !== 'SINGLE_TAG' && topicFilterType !== 'MULTI_TAG')
      return failure(
        responseCodes.INVALID_PARAMETER,
        `topicFilterType=${topicFilterType} is not acceptable: expected SINGLE_TAG or MULTI_TAG`,
      )
    const wanted: TopicConfig = {
      topicName: topic,
      readQueueNums: request.readQueueNums,
      writeQueueNums: request.writeQueueNums,
      perm: request.perm,
      topicFilterType,
      topicSysFlag: request.topicSysFlag ?? 0,
      order: request.order,
      attributes: changes.value,
    }
    return putTopics(parts, [wanted], connection.remoteText)
  }
}

/** The same for several, all or none (request 18). Ours: an entry that changes nothing does not end the list. */
export function updateTopicListHandler(parts: Parts): Handler<UpdateList['request'], UpdateList['response']> {
  return async ({ frame, connection }) => {
    const list = bodies.createTopicList.decode(frame.body)
    if (!list.ok) return failure(responseCodes.SYSTEM_ERROR, list.reason)
    return putTopics(parts, list.value.topicConfigList, connection.remoteText)
  }
}

async function putTopics(parts: Parts, wanted: readonly TopicConfig[], from: string): Promise<Reply> {
  const checked: TopicConfig[] = []
  for (const topic of wanted) {
    const outcome = checkedTopic(parts, topic)
    if ('code' in outcome) return outcome
    checked.push(outcome)
  }
  parts.topics.put(checked)
  for (const { topicName, readQueueNums, writeQueueNums, perm } of checked)
    parts.logger.info(
      `topic ${topicName} has ${readQueueNums} queues to read, ${writeQueueNums} to write, perm ${perm}`,
      { by: from },
    )
  await parts.registration.announced()
  return success()
}
