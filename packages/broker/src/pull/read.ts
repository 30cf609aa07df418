import type { QueueOffset } from '@aerobee/base'
import type { ReadOutcome } from '@aerobee/store'
import type { AdmittedPull, PullRequest } from './checks.js'
import type { PullParts } from './parts.js'

/** Reads for a pull from `offset`, within the limits for recent or for old messages (reference: broker-behaviour 4.2). */
export function readForPull(
  parts: PullParts,
  request: PullRequest,
  admitted: AdmittedPull,
  offset: QueueOffset,
): ReadOutcome | Promise<ReadOutcome> {
  const { config, store } = parts
  const { topic, queueId, maxMsgNums } = request
  const recent = store.inMemory(topic, queueId, offset)
  const countLimit = recent
    ? config.maxTransferCountOnMessageInMemory
    : config.maxTransferCountOnMessageInDisk
  return store.read({
    topic,
    queueId,
    offset,
    // The first message always passes, whatever the client asks.
    maxCount: Math.max(1, Math.min(maxMsgNums, countLimit)),
    maxBytes: recent ? config.maxTransferBytesOnMessageInMemory : config.maxTransferBytesOnMessageInDisk,
    matchTagsCode: admitted.wanted.match,
    matchProperties: admitted.matchProperties,
  })
}
