import { parseLenientJson } from '../lenient-json.js'
import { bodyCodec } from './body-codec.js'
import {
  BodyFault,
  integer,
  integerOr,
  type KeyShape,
  list,
  maybeText,
  or,
  record,
  text,
  textTable,
} from './shape.js'

/** Parts that several bodies share. */
export interface MessageQueue {
  readonly brokerName: string
  readonly queueId: number
  readonly topic: string
}

export const messageQueueShape = record<MessageQueue>({ brokerName: text, queueId: integer, topic: text })

/** Java writes a queue that is a key as an object; peers of strict JSON put the object's text in quotes. */
export const messageQueueKey: KeyShape<MessageQueue> = {
  readKey(key, at) {
    const parsed = parseLenientJson(key)
    if (!parsed.ok) throw new BodyFault(`${at} is not a message queue`)
    return messageQueueShape.read(parsed.value, at)
  },
  writeKey(key, form) {
    const object = messageQueueShape.write(key, form)
    return form === 'fastjson' ? object : JSON.stringify(object)
  },
}

/** Says which state of a table somebody has; equality needs all three (reference: broker-behaviour 1.4). */
export interface DataVersion {
  readonly counter: number
  readonly stateVersion: number
  /** Wall ms of the last change. */
  readonly timestamp: number
}

export const dataVersionShape = record<DataVersion>({
  counter: integerOr(0),
  stateVersion: integerOr(0),
  timestamp: integerOr(0),
})
export const noDataVersion = (): DataVersion => ({ counter: 0, stateVersion: 0, timestamp: 0 })
export const dataVersion = bodyCodec('DataVersion', dataVersionShape)

/** Answers 28, 219 and, with the ordered topics, 103. */
export interface KvTable {
  readonly table: Readonly<Record<string, string>>
}
export const kvTable = bodyCodec<KvTable>('KVTable', record({ table: or(textTable, () => ({})) }))

export interface TopicList {
  /** With 304 and 343: one broker's address. */
  readonly brokerAddr?: string | undefined
  readonly topicList: readonly string[]
}
export const topicList = bodyCodec<TopicList>(
  'TopicList',
  record<TopicList>({ brokerAddr: maybeText, topicList: or(list(text), () => []) }),
)

export interface GroupList {
  readonly groupList: readonly string[]
}
export const groupList = bodyCodec<GroupList>('GroupList', record({ groupList: or(list(text), () => []) }))
