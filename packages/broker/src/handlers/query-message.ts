import { concatBytes } from '@aerobee/base'
import { failure, type Handler, type Reply, success } from '@aerobee/net'
import type { MessageStore } from '@aerobee/store'
import { type commands, responseCodes } from '@aerobee/wire'
import { answerBytes } from '../admin/whole-answer.js'

type Query = typeof commands.queryMessage

/**
 * Messages by key (request 12; reference: broker-behaviour 11). The index knows keys by their hash: what it finds for
 * another key too is the caller's to sort out.
 */
export function queryMessageHandler({
  store,
  config,
}: {
  store: MessageStore
  config: { defaultQueryMaxNum: number; maxMsgsNumBatch: number }
}): Handler<Query['request'], Query['response']> {
  return async ({ request }): Promise<Reply<Query['response']>> => {
    const { topic, key, beginTimestamp, endTimestamp } = request
    const wanted = request.uniqueKeyQuery === true ? config.defaultQueryMaxNum : request.maxNum
    const maxCount = Math.max(0, Math.min(wanted, config.maxMsgsNumBatch))
    const found = await store.queryByKey(topic, key, maxCount, beginTimestamp, endTimestamp, answerBytes)
    const fields = {
      indexLastUpdateTimestamp: found.indexLastUpdateTimestamp,
      indexLastUpdatePhyoffset: found.indexLastUpdatePhysicalOffset,
    }
    return found.records.length > 0
      ? success(fields, concatBytes(found.records))
      : failure(responseCodes.QUERY_NOT_FOUND, 'can not find message, maybe time range not correct', fields)
  }
}
