import { type Clock, localTimeText } from '@aerobee/base'
import { failure, type Handler } from '@aerobee/net'
import type { MessageStore } from '@aerobee/store'
import { bodies, type commands, responseCodes } from '@aerobee/wire'
import { inSlices } from '../admin/slices.js'
import { wholeAnswer } from '../admin/whole-answer.js'
import type { ConsumerOffsets } from '../consumer-offsets.js'
import type { TopicTable } from '../topics.js'

type Query = typeof commands.queryConsumeTimeSpan

interface Parts {
  topics: TopicTable
  offsets: ConsumerOffsets
  store: MessageStore
  clock: Clock
  config: { brokerName: string }
}

/** Which times of storing a group has behind it and before it (request 303; reference: broker-behaviour 13). */
export function queryConsumeTimeSpanHandler(parts: Parts): Handler<Query['request'], Query['response']> {
  return async ({ request: { topic, group } }) => {
    const known = parts.topics.find(topic)
    if (!known) return failure(responseCodes.TOPIC_NOT_EXIST, `topic[${topic}] not exist`)
    const consumeTimeSpanSet: bodies.QueueTimeSpan[] = []
    const pause = inSlices(parts.clock)
    for (let queueId = 0; queueId < known.writeQueueNums; queueId++) {
      await pause()
      consumeTimeSpanSet.push(await timeSpan(parts, group, topic, queueId))
    }
    return wholeAnswer(
      bodies.consumeTimeSpans.encode({ consumeTimeSpanSet }),
      'the topic has too many queues',
    )
  }
}

async function timeSpan(
  { offsets, store, clock, config }: Parts,
  group: string,
  topic: string,
  queueId: number,
): Promise<bodies.QueueTimeSpan> {
  const timeAt = (offset: number) => store.storeTimeAt(topic, queueId, offset)
  const min = store.minOffset(topic, queueId)
  const max = store.maxOffset(topic, queueId)
  const consumed = offsets.query(group, topic, queueId) ?? 0
  const minTimeStamp = await timeAt(min)
  const maxTimeStamp = await timeAt(max - 1)
  const consumeTimeStamp = consumed > 0 ? await timeAt(consumed - 1) : minTimeStamp
  const nextTime = consumed < max ? await timeAt(Math.max(consumed, min)) : -1
  return {
    consumeTimeStamp,
    consumeTimeStampStr: localTimeText(consumeTimeStamp),
    delayTime: nextTime < 0 ? 0 : Math.max(0, clock.wallMs() - nextTime),
    maxTimeStamp,
    maxTimeStampStr: localTimeText(maxTimeStamp),
    messageQueue: { brokerName: config.brokerName, queueId, topic },
    minTimeStamp,
    minTimeStampStr: localTimeText(minTimeStamp),
  }
}
