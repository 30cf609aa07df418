import type { NewMessage } from '@aerobee/store'
import type { PullRequest } from './pull/checks.js'

/** A message for the store, and a pull, with the least in them, for tests that are about something else; no tests itself. */
export const messageTo = (topic: string, more: Partial<NewMessage> = {}): NewMessage => ({
  topic,
  queueId: 0,
  flag: 0,
  sysFlag: 0,
  bornTimestamp: 0,
  bornHost: new Uint8Array(8),
  storeHost: new Uint8Array(8),
  reconsumeTimes: 0,
  preparedTransactionOffset: 0,
  body: Buffer.from('x'),
  properties: '',
  tagsCode: 0,
  uniqKey: undefined,
  keys: undefined,
  waitStoreOk: true,
  ...more,
})

export const pullOf = (more: Partial<PullRequest> = {}): PullRequest => ({
  consumerGroup: 'G',
  topic: 'T',
  queueId: 0,
  queueOffset: 0,
  maxMsgNums: 32,
  sysFlag: 0,
  commitOffset: 0,
  suspendTimeoutMillis: 15_000,
  subscription: undefined,
  subVersion: 0,
  expressionType: undefined,
  maxMsgBytes: undefined,
  requestSource: undefined,
  proxyFrowardClientId: undefined,
  brokerName: undefined,
  ...more,
})
