import { constants, crc32, deflateSync, inflateSync } from 'node:zlib'
import { asBuffer, bad, concatBytes, good, limits, type Result, utf8 } from '@aerobee/base'
import { parseLenientJson } from '../lenient-json.js'
import { versions } from '../versions.js'
import { bodyCodec } from './body-codec.js'
import { dataVersion, noDataVersion } from './common.js'
import { list, maybe, or, quoted, record, text, textTable } from './shape.js'
import {
  type TopicConfig,
  type TopicConfigTable,
  topicConfigTable,
  topicConfigTableShape,
} from './topic-config.js'

/** 103's body: the topics of a broker (reference: wire 3.4, broker-behaviour 1.3). */
export interface RegisterBrokerBody {
  /** undefined leaves what the name server has. */
  readonly filterServerList: readonly string[] | undefined
  readonly topicConfigSerializeWrapper: TopicConfigTable
}

const emptyTable = (): TopicConfigTable => ({
  dataVersion: noDataVersion(),
  mappingDataVersion: noDataVersion(),
  topicConfigTable: new Map(),
  topicQueueMappingDetailMap: new Map(),
  topicQueueMappingInfoMap: new Map(),
})

const plain = bodyCodec(
  'RegisterBrokerBody',
  record<RegisterBrokerBody>({
    filterServerList: maybe(list(text)),
    topicConfigSerializeWrapper: or(topicConfigTableShape, emptyTable),
  }),
)

/** Inflated registrations above this are refused: 10,000 topics take less than 2 MiB. */
const inflatedLimitBytes = 4 * limits.frameBytes

/** Ordinal of V3_0_11: older brokers send the table of topics alone. */
const firstWithFilterServers = 37

export interface RegisterBrokerForm {
  /** As the request's header says. */
  compressed: boolean
  /** The header's version: 5.0 and later add the mappings of static topics to the compressed form. */
  senderVersion: number
}

export function decodeRegisterBrokerBody(
  body: Uint8Array,
  form: RegisterBrokerForm,
): Result<RegisterBrokerBody> {
  if (body.length === 0)
    return good({ filterServerList: undefined, topicConfigSerializeWrapper: emptyTable() })
  if (form.compressed) return decodeCompressed(body, form.senderVersion)
  if (form.senderVersion >= firstWithFilterServers) return plain.decode(body)
  const table = topicConfigTable.decode(body)
  return table.ok ? good({ filterServerList: undefined, topicConfigSerializeWrapper: table.value }) : table
}

export function encodeRegisterBrokerBody(body: RegisterBrokerBody, compressed = false): Uint8Array {
  return compressed ? encodeCompressed(body) : plain.encode(body)
}

/** The header's `bodyCrc32`: CRC-32 without its highest bit. */
export function registrationCrc32(body: Uint8Array): number {
  return crc32(body) & 0x7fff_ffff
}

/**
 * zlib stream of (all lengths int32 big endian, before the text they count):
 *
 *   length, data version JSON | topics int32, { length, topic line }* | length, filter servers JSON
 *   | from 5.0 on: mappings int32, { length, mapping info JSON }*
 *   topic line: name SP readQueues SP writeQueues SP perm SP filterType SP attributes JSON
 *
 * `order` and the system flag of topics are not carried.
 */
function decodeCompressed(body: Uint8Array, senderVersion: number): Result<RegisterBrokerBody> {
  const name = 'RegisterBrokerBody (compressed)'
  let inflated: Buffer
  try {
    inflated = inflateSync(body, { maxOutputLength: inflatedLimitBytes })
  } catch {
    return bad(`${name}: the zlib stream is damaged or inflates to more than ${inflatedLimitBytes} bytes`)
  }
  const source = new Texts(inflated)
  const versionText = source.next()
  const version = versionText === undefined ? undefined : dataVersion.decode(utf8(versionText))
  if (!version?.ok) return bad(`${name}: the data version is damaged`)
  const topics = new Map<string, TopicConfig>()
  for (let left = source.count(); left > 0; left--) {
    const line = source.next()
    const topic = line === undefined ? undefined : parseTopicLine(line)
    if (topic === undefined) return bad(`${name}: topic ${topics.size + 1} is damaged`)
    topics.set(topic.topicName, topic)
  }
  const servers = source.next()
  const filterServers = servers === undefined ? undefined : parseLenientJson(servers)
  if (!filterServers?.ok) return bad(`${name}: the list of filter servers is damaged`)
  const mappings = new Map<string, unknown>()
  for (let left = senderVersion >= versions.V5_0_0 ? source.count() : 0; left > 0; left--) {
    const mapping = source.next()
    const info = mapping === undefined ? undefined : parseLenientJson(mapping)
    if (!info?.ok || typeof info.value !== 'object' || info.value === null)
      return bad(`${name}: a mapping is damaged`)
    const { topic } = info.value as { topic?: unknown }
    if (typeof topic === 'string') mappings.set(topic, info.value)
  }
  const read = plain.read({ filterServerList: filterServers.value ?? [] })
  if (!read.ok) return read
  const table = { ...emptyTable(), dataVersion: version.value, topicConfigTable: topics }
  return good({
    filterServerList: read.value.filterServerList,
    topicConfigSerializeWrapper: { ...table, topicQueueMappingInfoMap: mappings },
  })
}

/** Length-prefixed texts; after a length that lies every further read is undefined or 0. */
class Texts {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  count(): number {
    if (this.#at + 4 > this.#bytes.length) return 0
    this.#at += 4
    return this.#bytes.readInt32BE(this.#at - 4)
  }

  next(): string | undefined {
    if (this.#at + 4 > this.#bytes.length) return undefined
    const length = this.count()
    if (length < 0 || length > this.#bytes.length - this.#at) return undefined
    this.#at += length
    return this.#bytes.toString('utf8', this.#at - length, this.#at)
  }
}

const attributesBody = bodyCodec('attributes', textTable)

/** Java splits at blanks and takes the sixth part on as attributes, which old brokers leave out. */
function parseTopicLine(line: string): TopicConfig | undefined {
  const match = /^(\S+) (\d{1,9}) (\d{1,9}) (\d{1,9}) (\S+)(?: (.*))?$/s.exec(line)
  if (!match) return undefined
  const [, topicName, read, write, perm, filterType, attributesText] = match as unknown as [
    string,
    ...string[],
  ]
  const attributes = attributesBody.decode(utf8(attributesText || '{}'))
  if (!attributes.ok) return undefined
  return {
    attributes: attributes.value,
    order: false,
    perm: Number(perm),
    readQueueNums: Number(read),
    topicFilterType: filterType === 'MULTI_TAG' ? 'MULTI_TAG' : 'SINGLE_TAG',
    topicName: topicName!,
    topicSysFlag: 0,
    writeQueueNums: Number(write),
  }
}

function encodeCompressed(body: RegisterBrokerBody): Uint8Array {
  const table = body.topicConfigSerializeWrapper
  const parts: Uint8Array[] = []
  const count = (value: number) => {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(value)
    parts.push(bytes)
  }
  const put = (value: string) => {
    const bytes = asBuffer(utf8(value))
    count(bytes.length)
    parts.push(bytes)
  }
  put(dataVersion.text(table.dataVersion))
  count(table.topicConfigTable.size)
  for (const topic of table.topicConfigTable.values()) put(topicLine(topic))
  put(`[${(body.filterServerList ?? []).map((server) => quoted(server, 'fastjson')).join(',')}]`)
  count(table.topicQueueMappingInfoMap.size)
  for (const mapping of table.topicQueueMappingInfoMap.values()) put(JSON.stringify(mapping))
  return deflateSync(concatBytes(parts), { level: constants.Z_BEST_COMPRESSION })
}

/** One topic as the compressed form and upstream's old files carry it. */
export function topicLine(topic: TopicConfig): string {
  const { topicName, readQueueNums, writeQueueNums, perm, topicFilterType } = topic
  const attributes = textTable.write(topic.attributes, 'fastjson')
  return `${topicName} ${readQueueNums} ${writeQueueNums} ${perm} ${topicFilterType} ${attributes}`
}
