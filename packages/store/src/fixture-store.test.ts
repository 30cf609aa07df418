import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { archivedDisk, type FaultFileSystem } from '@aerobee/testkit'

/** Unpacks store directories written by RocketMQ 5.3.3 for the tests beside; holds no tests itself. */
const folder = fileURLToPath(new URL('../testdata/', import.meta.url))

/** As the broker was configured that wrote them. */
export const fixtureSizes = {
  commitLogSegmentBytes: 65_536,
  consumeQueueSegmentBytes: 2_000,
  maxHashSlotNum: 100,
  maxIndexNum: 400,
}

export interface ManifestMessage {
  queueOffset: number
  physicalOffset: number
  size: number
  storeTimestamp: number
  bornTimestamp: number
  bornHost: string
  storeHost: string
  flag: number
  sysFlag: number
  bodyCRC: number
  reconsumeTimes: number
  preparedTransactionOffset: number
  tags?: string
  keys?: string
  /** Of the stored text; in no order. */
  properties: Record<string, string>
  bodyLength: number
  bodyHex: string
  msgId: string
  offsetMsgId: string
}

interface ManifestQueue {
  minOffset: number
  maxOffset: number
  messages: ManifestMessage[]
}

export interface Manifest {
  commitLogValidEnd: number
  messagesTotal: number
  topics: Record<string, Record<string, ManifestQueue>>
  systemTopics: Record<string, Record<string, ManifestQueue>>
}

/** `clean`: stopped in order; `crash`: killed while sending; `torn`: as crash, the last record damaged. */
export type FixtureName = 'clean' | 'crash' | 'torn'

export function manifestOf(name: FixtureName): Manifest {
  return JSON.parse(gunzipSync(readFileSync(`${folder}${name}.manifest.json.gz`)).toString('utf8'))
}

/** A disk with the directory at `/store`. */
export const fixtureDisk = (name: FixtureName): FaultFileSystem => archiveDisk(name)

/** The same of any archive in testdata. */
export function archiveDisk(name: string): FaultFileSystem {
  return archivedDisk(readFileSync(`${folder}${name}.tar.gz`))
}

export function vectors<T>(name: string): T[] {
  return JSON.parse(readFileSync(`${folder}${name}.json`, 'utf8')).vectors
}
