import { concatBytes, limits } from '@aerobee/base'
import { failure, type Handler, type Reply, success } from '@aerobee/net'
import type { MessageStore } from '@aerobee/store'
import { type commands, responseCodes } from '@aerobee/wire'

type Query = typeof commands.queryMessage

/** What an answer may hold; upstream's clients refuse frames beyond limits.frameBytes. */
const answerBytes = limits.frameBytes - limits.frameHeaderBytes

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
    const found = await store.queryByKey(topic, key, maxCount, beginTimestamp, endTimestamp)
    const fields = {
      indexLastUpdateTimestamp: found.indexLastUpdateTimestamp,
      indexLastUpdatePhyoffset: found.indexLastUpdatePhysicalOffset,
    }
    const records = fitting(found.records)
    return records.length > 0
      ? success(fields, concatBytes(records))
      : failure(responseCodes.QUERY_NOT_FOUND, 'can not find message, maybe time range not correct', fields)
  }
}

/** As many of the records, from the first on, as one answer holds. */
function fitting(records: readonly Uint8Array[]): readonly Uint8Array[] {
  let bytes = 0
  const end = records.findIndex((record) => {
    bytes += record.length
    return bytes > answerBytes
  })
  return end < 0 ? records : records.slice(0, end)
}
