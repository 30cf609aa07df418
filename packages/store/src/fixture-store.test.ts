import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { FaultFileSystem } from '@aerobee/testkit'

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
export function fixtureDisk(name: FixtureName): FaultFileSystem {
  const disk = new FaultFileSystem()
  for (const [path, content] of untar(gunzipSync(readFileSync(`${folder}${name}.tar.gz`)))) {
    disk.place(`/${path}`, content)
  }
  return disk
}

export function vectors<T>(name: string): T[] {
  return JSON.parse(readFileSync(`${folder}${name}.json`, 'utf8')).vectors
}

/** ustar: 512-byte headers (name 100, size at 124 in octal, type at 156, prefix at 345); GNU long names are type L. */
function untar(archive: Buffer): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  const text = (at: number, length: number) => archive.toString('utf8', at, at + length).replace(/\0.*$/s, '')
  let longName: string | undefined
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8)
    const type = String.fromCharCode(archive[at + 156]!)
    const prefix = text(at + 345, 155)
    const name = longName ?? (prefix ? `${prefix}/` : '') + text(at, 100)
    longName = undefined
    if (type === 'L') longName = text(at + 512, size)
    else if (type === '0' || type === '\0') files.set(name, archive.subarray(at + 512, at + 512 + size))
    else if (type === 'x') longName = /(?:^|\n)\d+ path=([^\n]*)\n/.exec(text(at + 512, size))?.[1]
    at += 512 + Math.ceil(size / 512) * 512
  }
  return files
}
