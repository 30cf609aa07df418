import { totalmem } from 'node:os'
import { AerobeeError, type Clock, type FileSystem, type Logger, MiB } from '@aerobee/base'
import { parseDelayLevels } from '@aerobee/wire'
import type { StoreMemory, StoreOptions } from './options.js'
import type { ProcessProbe } from './process-probe.js'

/** What a store is opened with. */
export interface StoreEnvironment {
  options: StoreOptions
  clock: Clock
  fileSystem: FileSystem
  logger: Logger
  memory?: Partial<StoreMemory>
  /** Who else may hold the directory. Default: the machine's processes. */
  probe?: ProcessProbe
}

/** Where everything lies (reference: storage 2). */
export interface StorePaths {
  root: string
  commitLog: string
  consumeQueue: string
  batchConsumeQueue: string
  index: string
  checkpoint: string
  abort: string
  positions: string
}

export function storePaths(options: StoreOptions): StorePaths {
  const root = options.storePathRootDir
  return {
    root,
    commitLog: options.storePathCommitLog || `${root}/commitlog`,
    consumeQueue: `${root}/consumequeue`,
    batchConsumeQueue: `${root}/batchconsumequeue`,
    index: `${root}/index`,
    checkpoint: `${root}/checkpoint`,
    abort: `${root}/abort`,
    positions: `${root}/positions.json`,
  }
}

/** Delays in ms, level 1 first. Throws INVALID_CONFIG. */
export function delayLevelsOf({
  messageDelayLevel,
}: Pick<StoreOptions, 'messageDelayLevel'>): readonly number[] {
  const levels = parseDelayLevels(messageDelayLevel)
  if (levels.ok) return levels.value
  throw new AerobeeError('INVALID_CONFIG', `messageDelayLevel=${messageDelayLevel}: ${levels.reason}`)
}

export function storeMemory(memory: Partial<StoreMemory> = {}, options: StoreOptions): StoreMemory {
  return {
    // An answer with the largest record needs its blocks all at once.
    logCacheBytes: Math.max(memory.logCacheBytes ?? 48 * MiB, options.maxMessageSize * 2 + 4 * MiB),
    queueCacheBytes: memory.queueCacheBytes ?? 4 * MiB,
    openFiles: memory.openFiles ?? 256,
    physicalBytes: memory.physicalBytes ?? totalmem(),
  }
}
