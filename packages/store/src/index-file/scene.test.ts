import assert from 'node:assert/strict'
import { type Clock, type Logger, seededRandom, silentLogger } from '@aerobee/base'
import { FaultFileSystem } from '@aerobee/testkit'
import { MessageIndex } from './message-index.js'

/** A small index and what it must answer, for the tests beside; holds no tests itself. */
export const small = { slotCount: 7, entryCapacity: 20 }
export const wallMs = 1_795_510_000_000
/** Fires no timer: the tests flush by hand. */
export const clock: Clock = {
  wallMs: () => wallMs,
  monoMs: () => 0,
  after: () => ({ cancel() {} }),
  every: () => ({ cancel() {} }),
  endOfTurn: (run) => queueMicrotask(run),
}

export function listening(): { logger: Logger; lines: string[] } {
  const lines: string[] = []
  const note = (message: string) => lines.push(message)
  return { logger: { debug: note, info: note, warn: note, error: note }, lines }
}

export function openIndex(
  disk: FaultFileSystem,
  options: { clean?: boolean; sealedTimestamp?: number; layout?: typeof small; logger?: Logger } = {},
): MessageIndex {
  const { clean = true, sealedTimestamp = 0, layout = small, logger = silentLogger } = options
  const index = new MessageIndex({ fileSystem: disk, clock, logger, directory: '/store/index', layout })
  index.open({ clean, sealedTimestamp })
  return index
}

export function emptyDisk(): FaultFileSystem {
  const disk = new FaultFileSystem()
  disk.place('/store/lock', new Uint8Array())
  return disk
}

export const find = async (index: MessageIndex, topic: string, key: string, max = 1000) =>
  (await index.query(topic, key, max, 0, Number.MAX_SAFE_INTEGER)).physicalOffsets

export interface Put {
  topic: string
  uniqKey: string
  keys: string | undefined
  offset: number
  time: number
}

/** Messages of two topics, some with several keys, some keys common. */
export function randomPuts(count: number, seed: number): Put[] {
  const random = seededRandom(seed)
  let offset = random.below(100)
  let time = wallMs
  return Array.from({ length: count }, (_, i) => {
    offset += 100 + random.below(200)
    time += random.below(1500)
    const keys = ['', 'order', `k${random.below(5)} order`, `k${i}  k${random.below(5)} `][random.below(4)]
    return { topic: `T${random.below(2)}`, uniqKey: `U${i}`, keys: keys || undefined, offset, time }
  })
}

export const putAll = (index: MessageIndex, puts: readonly Put[]) => {
  for (const { topic, uniqKey, keys, offset, time } of puts) index.put(topic, uniqKey, keys, offset, time)
}

/** What the index must answer: exactly this multiset, plus other keys of the same hash. */
export async function assertAnswers(index: MessageIndex, puts: readonly Put[], label = ''): Promise<void> {
  const expected = new Map<string, number[]>()
  for (const { topic, uniqKey, keys, offset } of puts) {
    for (const key of [uniqKey, ...(keys ?? '').split(' ').filter((part) => part !== '')]) {
      const name = `${topic}#${key}`
      expected.set(name, [offset, ...(expected.get(name) ?? [])])
    }
  }
  for (const [name, offsets] of expected) {
    const [topic = '', key = ''] = name.split('#')
    assert.deepEqual(await find(index, topic, key), offsets, `${label} ${name}`)
  }
}

export async function assertAnswersAtLeast(
  index: MessageIndex,
  puts: readonly Put[],
  label: string,
): Promise<void> {
  for (const { topic, uniqKey, offset } of puts) {
    assert.deepEqual(await find(index, topic, uniqKey), [offset], label)
  }
}
