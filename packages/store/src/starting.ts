import { AerobeeError, AtomicFile, isAerobeeError, makeDurableDirectory } from '@aerobee/base'
import { AbortMarker } from './abort-marker.js'
import { Checkpoint } from './checkpoint.js'
import { SegmentList } from './commit-log/segment-list.js'
import { QueueFiles } from './consume-queue/queue-files.js'
import { type BatchTopicTest, QueueTable } from './consume-queue/queue-table.js'
import { QueueWriter } from './consume-queue/queue-writer.js'
import { queueLayout } from './consume-queue/unit.js'
import {
  delayLevelsOf,
  type StoreEnvironment,
  type StorePaths,
  storeMemory,
  storePaths,
} from './environment.js'
import { MessageIndex } from './index-file/index.js'
import { dispatchesToLmq } from './multi-dispatch.js'
import { OpenFiles } from './open-files.js'
import { machineProbe } from './process-probe.js'
import { missingSegment } from './recovery/plan.js'
import { agreesWith, parsePositions, positionsText, type StorePositions } from './recovery/positions.js'
import { recover } from './recovery/recover.js'
import { RunningStore } from './running-store.js'
import { StoreLock } from './store-lock.js'

/** Opens a store directory and brings it in order. Rejects with STORE_LOCKED, STORE_CORRUPT, IO_FAILED, INVALID_CONFIG. */
export async function startStore(
  environment: StoreEnvironment,
  isBatch: BatchTopicTest,
): Promise<RunningStore> {
  const { fileSystem, options } = environment
  const paths = storePaths(options)
  const delayLevels = delayLevelsOf(options)
  makeDurableDirectory(fileSystem, paths.root)
  const lock = new StoreLock(fileSystem, environment.probe ?? machineProbe(fileSystem), paths.root)
  lock.acquire()
  const files = new OpenFiles(fileSystem, storeMemory(environment.memory, options).openFiles)
  try {
    return await open(environment, paths, delayLevels, files, lock, isBatch)
  } catch (thrown) {
    files.close()
    lock.release()
    throw thrown
  }
}

async function open(
  environment: StoreEnvironment,
  paths: StorePaths,
  delayLevels: readonly number[],
  files: OpenFiles,
  lock: StoreLock,
  isBatch: BatchTopicTest,
): Promise<RunningStore> {
  const { fileSystem, options, clock, logger } = environment
  const marker = new AbortMarker(fileSystem, paths.abort)
  const clean = !marker.exists()
  const checkpoint = new Checkpoint(fileSystem, logger, paths.checkpoint)
  const checkpointValues = checkpoint.load()
  const positionsFile = new AtomicFile({ fileSystem, clock, logger, path: paths.positions })
  const loaded = loadPositions(positionsFile)
  const positions = loaded && agreesWith(loaded, checkpointValues) ? loaded : undefined
  if (!clean) logger.warn('The last run did not stop in order: the store is recovered.')

  const segmentBytes = options.mappedFileSizeCommitLog
  const directory = paths.commitLog
  const segments = new SegmentList({ fileSystem, files, logger, directory, segmentBytes })
  segments.open()
  const missing = positions && missingSegment(positions, segments.all, segmentBytes)
  if (missing !== undefined) throw new AerobeeError('STORE_CORRUPT', missing)
  // Before the first change to what is there.
  marker.set(process.pid)
  makeDurableDirectory(fileSystem, paths.consumeQueue)
  const layouts = {
    simple: queueLayout(false, paths.consumeQueue, options.mappedFileSizeConsumeQueue),
    batch: queueLayout(true, paths.batchConsumeQueue, options.mapperFileSizeBatchConsumeQueue),
  }
  const queues = new QueueTable(layouts, isBatch)
  const queueFiles = new QueueFiles({ fileSystem, files, logger })
  const queueWriter = new QueueWriter(queueFiles, clock, logger)
  const index = openIndex(environment, paths, clean, checkpointValues.indexMsgTimestamp)
  const recovered = await recover({
    fileSystem,
    clock,
    logger,
    files,
    segments,
    queues,
    queueFiles,
    queueWriter,
    index,
    clean,
    positions,
    savePositions: (changed) => positionsFile.saveSync(positionsText(changed)),
    checkpoint: checkpointValues,
    appendedCrc: options.enabledAppendPropCRC,
    multiDispatch: dispatchesToLmq(options),
    delayLevels,
  })
  return new RunningStore({
    environment,
    paths,
    delayLevels,
    files,
    lock,
    marker,
    checkpoint,
    checkpointValues,
    positionsFile,
    positions: recovered.positions,
    segments,
    queues,
    queueFiles,
    queueWriter,
    index,
    recovered,
  })
}

/** Derived too: when it cannot be read, the log is read as for a store of RocketMQ. */
function loadPositions(file: AtomicFile): StorePositions | undefined {
  try {
    return file.load(parsePositions)
  } catch (thrown) {
    if (isAerobeeError(thrown, 'STORE_CORRUPT')) return undefined
    throw thrown
  }
}

function openIndex(
  { fileSystem, clock, logger, options }: StoreEnvironment,
  paths: StorePaths,
  clean: boolean,
  sealedTimestamp: number,
): MessageIndex | undefined {
  if (!options.messageIndexEnable) return undefined
  const layout = { slotCount: options.maxHashSlotNum, entryCapacity: options.maxIndexNum }
  const index = new MessageIndex({ fileSystem, clock, logger, directory: paths.index, layout })
  index.open({ clean, sealedTimestamp })
  return index
}
