import { KiB, MiB } from '@aerobee/base'
import { defaultDelayLevels } from '@aerobee/wire'

/**
 * Keys of RocketMQ's broker configuration that the store follows; names, units and defaults are RocketMQ's. The object
 * is read whenever a value is needed, so that a dynamic key takes effect at once; paths and sizes are read at the start.
 */
export interface StoreOptions {
  storePathRootDir: string
  /** Empty: `commitlog` in the root. */
  storePathCommitLog: string
  /** Bytes of a commit log file. */
  mappedFileSizeCommitLog: number
  /** Bytes of a consume queue file; rounded up to a multiple of 20. */
  mappedFileSizeConsumeQueue: number
  /** The same for queues of type BatchCQ, with entries of 46 bytes. */
  mapperFileSizeBatchConsumeQueue: number
  /** Whether messages are dispatched to light message queues too; it takes both. */
  enableLmq: boolean
  enableMultiDispatch: boolean
  /** Light message queues at most. */
  maxLmqConsumeQueueNum: number
  maxHashSlotNum: number
  maxIndexNum: number
  /** Largest body, bytes. */
  maxMessageSize: number
  flushDiskType: 'ASYNC_FLUSH' | 'SYNC_FLUSH'
  /** ms, as all intervals and timeouts. */
  flushIntervalCommitLog: number
  /** Pages of 4 KiB worth a flush. */
  flushCommitLogLeastPages: number
  flushCommitLogThoroughInterval: number
  syncFlushTimeout: number
  /** How long a queue entry may wait in memory for its file. */
  flushIntervalConsumeQueue: number
  /** How often queues are made durable, so that recovery may begin later in the log. */
  flushConsumeQueueThoroughInterval: number
  messageIndexEnable: boolean
  /** Blank-separated delays with unit s, m, h or d: when a message of the schedule topic is due. Read at the start. */
  messageDelayLevel: string
  enabledAppendPropCRC: boolean
  /** Bytes of queue entries looked at by one read. */
  maxFilterMessageSize: number
  /** Share of the physical memory that counts as recent, %. */
  accessMessageInMemoryMaxRatio: number
  /** Local hours separated by `;`. */
  deleteWhen: string
  /** Hours. */
  fileReservedTime: number
  cleanResourceInterval: number
  deleteFileBatchMax: number
  deleteCommitLogFilesInterval: number
  /** %, as all ratios. */
  diskMaxUsedSpaceRatio: number
  diskSpaceCleanForciblyRatio: number
  diskSpaceWarningLevelRatio: number
  cleanFileForciblyEnable: boolean
}

/** All but the place, which has no default here. */
export const defaultStoreOptions: Omit<StoreOptions, 'storePathRootDir'> = {
  storePathCommitLog: '',
  mappedFileSizeCommitLog: 1024 * MiB,
  mappedFileSizeConsumeQueue: 6_000_000,
  mapperFileSizeBatchConsumeQueue: 13_800_000,
  enableLmq: false,
  enableMultiDispatch: false,
  maxLmqConsumeQueueNum: 20_000,
  maxHashSlotNum: 5_000_000,
  maxIndexNum: 20_000_000,
  maxMessageSize: 4 * MiB,
  flushDiskType: 'ASYNC_FLUSH',
  flushIntervalCommitLog: 500,
  flushCommitLogLeastPages: 4,
  flushCommitLogThoroughInterval: 10_000,
  syncFlushTimeout: 5000,
  flushIntervalConsumeQueue: 1000,
  flushConsumeQueueThoroughInterval: 60_000,
  messageIndexEnable: true,
  messageDelayLevel: defaultDelayLevels,
  enabledAppendPropCRC: false,
  maxFilterMessageSize: 16_000,
  accessMessageInMemoryMaxRatio: 40,
  deleteWhen: '04',
  fileReservedTime: 72,
  cleanResourceInterval: 10_000,
  deleteFileBatchMax: 10,
  deleteCommitLogFilesInterval: 100,
  diskMaxUsedSpaceRatio: 75,
  diskSpaceCleanForciblyRatio: 85,
  diskSpaceWarningLevelRatio: 90,
  cleanFileForciblyEnable: true,
}

/** Bounds of the store's memory; each is a parameter of `openMessageStore`. */
export interface StoreMemory {
  /** Blocks of the commit log kept, the tail among them. Default 48 MiB. */
  logCacheBytes: number
  /** Blocks of consume queue files kept. Default 4 MiB. */
  queueCacheBytes: number
  /** Files kept open. Default 256. */
  openFiles: number
  /** For `accessMessageInMemoryMaxRatio`. Default: what the machine has. */
  physicalBytes: number
}

/** Of the commit log in memory; shortened to the segment when that is smaller. */
export const logBlockBytes = 1 * MiB
/** Of a consume queue file in memory, rounded down to whole entries: 3,276 of a SimpleCQ. */
export const queueBlockBytes = 64 * KiB
