import { bodyCodec } from './body-codec.js'
import { type DataVersion, dataVersionShape, noDataVersion } from './common.js'
import {
  flagOr,
  integerOr,
  json,
  list,
  mapOf,
  maybe,
  oneOf,
  or,
  record,
  text,
  textKey,
  textTable,
} from './shape.js'

/** Settings of topics (reference: request-codes A.2). */
export interface TopicConfig {
  readonly attributes: Readonly<Record<string, string>>
  readonly order: boolean
  /** 4 read, 2 write, 1 inherit. */
  readonly perm: number
  readonly readQueueNums: number
  readonly topicFilterType: 'SINGLE_TAG' | 'MULTI_TAG'
  readonly topicName: string
  /** 1 unit, 2 unit subscription. */
  readonly topicSysFlag: number
  readonly writeQueueNums: number
}

const topicConfigFields = {
  attributes: or(textTable, () => ({})),
  order: flagOr(false),
  perm: integerOr(6),
  readQueueNums: integerOr(16),
  topicFilterType: oneOf(['SINGLE_TAG', 'MULTI_TAG'], 'SINGLE_TAG'),
  topicName: text,
  topicSysFlag: integerOr(0),
  writeQueueNums: integerOr(16),
} as const

export const topicConfigShape = record<TopicConfig>(topicConfigFields)
export const topicConfig = bodyCodec('TopicConfig', topicConfigShape)

/** 351: the settings, and with static topics the mapping, passed through. */
export interface TopicConfigAndQueueMapping extends TopicConfig {
  readonly mappingDetail?: unknown
}
export const topicConfigAndQueueMapping = bodyCodec(
  'TopicConfigAndQueueMapping',
  record<TopicConfigAndQueueMapping>({
    attributes: topicConfigFields.attributes,
    mappingDetail: maybe(json),
    order: topicConfigFields.order,
    perm: topicConfigFields.perm,
    readQueueNums: topicConfigFields.readQueueNums,
    topicFilterType: topicConfigFields.topicFilterType,
    topicName: topicConfigFields.topicName,
    topicSysFlag: topicConfigFields.topicSysFlag,
    writeQueueNums: topicConfigFields.writeQueueNums,
  }),
)

/** 18. */
export interface CreateTopicList {
  readonly topicConfigList: readonly TopicConfig[]
}
export const createTopicList = bodyCodec<CreateTopicList>(
  'CreateTopicListRequestBody',
  record({ topicConfigList: list(topicConfigShape) }),
)

/** 21, and a part of a registration. The mappings of static topics are passed through. */
export interface TopicConfigTable {
  readonly dataVersion: DataVersion
  readonly mappingDataVersion: DataVersion
  readonly topicConfigTable: ReadonlyMap<string, TopicConfig>
  /** topic -> mapping with all its items. */
  readonly topicQueueMappingDetailMap: ReadonlyMap<string, unknown>
  /** topic -> what the name server keeps of a mapping. */
  readonly topicQueueMappingInfoMap: ReadonlyMap<string, unknown>
}
export const topicConfigTableShape = record<TopicConfigTable>({
  dataVersion: or(dataVersionShape, noDataVersion),
  mappingDataVersion: or(dataVersionShape, noDataVersion),
  topicConfigTable: or(mapOf(textKey, topicConfigShape), () => new Map()),
  topicQueueMappingDetailMap: or(mapOf(textKey, json), () => new Map()),
  topicQueueMappingInfoMap: or(mapOf(textKey, json), () => new Map()),
})
export const topicConfigTable = bodyCodec('TopicConfigAndMappingSerializeWrapper', topicConfigTableShape)
