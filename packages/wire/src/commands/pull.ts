import {
  type Decoded,
  defineCommand,
  type FieldSet,
  int32,
  int32OrNaN,
  int64,
  int64OrNaN,
  named,
  optional,
  string,
} from '../command.js'
import type { ExtFields } from '../frame.js'

/** Pulling (reference: wire 3.5, broker-behaviour 4). */
const request = {
  consumerGroup: string('consumer group'),
  topic: string('topic to read'),
  queueId: int32('queue to read'),
  queueOffset: int64('offset of the first message wanted'),
  maxMsgNums: int32('messages wanted at most'),
  sysFlag: int32('1 commit, 2 suspend, 4 subscription is in the request, 8 class filter, 16 lite pull'),
  commitOffset: int64('offset to commit when flag 1 is set'),
  suspendTimeoutMillis: int64('how long to hold the request when flag 2 is set and nothing is there, ms'),
  subscription: optional(string('filter expression when flag 4 is set')),
  subVersion: int64('version of the subscription the consumer works by'),
  expressionType: optional(string('TAG or SQL92')),
  maxMsgBytes: optional(int32('bytes wanted at most')),
  requestSource: optional(int32('which kind of proxy sent this; absent from clients')),
  /** Spelled so by every peer. */
  proxyFrowardClientId: optional(string('client a proxy sent this for')),
  brokerName: optional(named('bname', string('broker the client means'))),
} satisfies FieldSet

/** The same as the declaration says, in straight code. */
function pullFields(ext: ExtFields): Decoded<typeof request> | undefined {
  const { consumerGroup, topic, subscription, expressionType, proxyFrowardClientId, bname: brokerName } = ext
  const queueId = int32OrNaN(ext.queueId)
  const queueOffset = int64OrNaN(ext.queueOffset)
  const maxMsgNums = int32OrNaN(ext.maxMsgNums)
  const sysFlag = int32OrNaN(ext.sysFlag)
  const commitOffset = int64OrNaN(ext.commitOffset)
  const suspendTimeoutMillis = int64OrNaN(ext.suspendTimeoutMillis)
  const subVersion = int64OrNaN(ext.subVersion)
  const maxMsgBytes = ext.maxMsgBytes === undefined ? undefined : int32OrNaN(ext.maxMsgBytes)
  const requestSource = ext.requestSource === undefined ? undefined : int32OrNaN(ext.requestSource)
  if (consumerGroup === undefined || topic === undefined) return undefined
  if (Number.isNaN(queueId + queueOffset + maxMsgNums + sysFlag + commitOffset)) return undefined
  if (Number.isNaN(suspendTimeoutMillis + subVersion)) return undefined
  if (Number.isNaN((maxMsgBytes ?? 0) + (requestSource ?? 0))) return undefined
  return {
    consumerGroup,
    topic,
    queueId,
    queueOffset,
    maxMsgNums,
    sysFlag,
    commitOffset,
    suspendTimeoutMillis,
    subscription,
    subVersion,
    expressionType,
    maxMsgBytes,
    requestSource,
    proxyFrowardClientId,
    brokerName,
  }
}

const response = {
  suggestWhichBrokerId: int64('id of the broker to pull from next'),
  nextBeginOffset: int64('offset to go on at'),
  minOffset: int64('first offset of the queue'),
  maxOffset: int64('offset behind the last message of the queue'),
  offsetDelta: optional(int64('what to add to the offsets in the records; static topics only')),
  topicSysFlag: optional(int32('system flag of the topic')),
  groupSysFlag: optional(int32('system flag of the group')),
  forbiddenType: optional(int32('why reading is forbidden, with code 16')),
} satisfies FieldSet

const records = 'records as they stand in the commit log, one behind another'

export const pullMessage = defineCommand(
  {
    name: 'PULL_MESSAGE',
    code: 11,
    about: 'Read messages of a queue; held while nothing is there, when the client asked for it.',
    callers: ['client', 'broker'],
    receiver: 'broker',
    access: { resource: 'topic', action: 'Sub', field: 'topic', groupField: 'consumerGroup' },
    request,
    response,
    responseBody: records,
  },
  { decodeRequest: pullFields },
)

export const litePullMessage = defineCommand(
  {
    name: 'LITE_PULL_MESSAGE',
    code: 361,
    about: 'As PULL_MESSAGE, from lite pull consumers.',
    callers: ['client'],
    receiver: 'broker',
    access: { resource: 'topic', action: 'Sub', field: 'topic', groupField: 'consumerGroup' },
    request,
    response,
    responseBody: records,
  },
  { decodeRequest: pullFields },
)
