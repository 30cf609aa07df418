import { parseHours } from '@aerobee/base'
import { isBlank } from './consume-queue/unit.js'
import type { RetainedSegment } from './retention/plan.js'
import { RetentionService } from './retention/service.js'
import type { RunningStore } from './running-store.js'

const hourMs = 3_600_000

/** The retention service of a store: deletes segments, then what queues and index keep of them. */
export function makeRetention(store: RunningStore): RetentionService {
  const { environment, paths } = store.parts
  const { options, fileSystem, clock, logger } = environment
  return new RetentionService({
    fileSystem,
    clock,
    logger,
    commitLogPath: paths.commitLog,
    consumeQueuePath: paths.consumeQueue,
    settings: () => ({
      deleteHours: parseHours(options.deleteWhen) ?? [4],
      reservedMs: options.fileReservedTime * hourMs,
      batchMax: options.deleteFileBatchMax,
      cleanForcibly: options.cleanFileForciblyEnable,
      cleanPercent: options.diskMaxUsedSpaceRatio,
      forcePercent: options.diskSpaceCleanForciblyRatio,
      refusePercent: options.diskSpaceWarningLevelRatio,
    }),
    target: {
      segments: () => retainedSegments(store),
      deleteSegment: (segment) => deleteSegment(store, segment),
      refuse: (reason) => store.setDiskFull(reason),
    },
    intervalMs: options.cleanResourceInterval,
    pauseMs: options.deleteCommitLogFilesInterval,
  })
}

/** Up to the one that takes appends; the one made ahead does not count. */
function retainedSegments(store: RunningStore): RetainedSegment[] {
  const { segments, environment } = store.parts
  const { segmentBytes } = segments
  return segments.all
    .filter((segment) => segment.base <= store.log.writtenEnd)
    .map((segment) => ({
      startOffset: segment.base,
      sizeBytes: segmentBytes,
      modifiedMs: environment.fileSystem.infoSync(segment.path)?.modifiedMs ?? 0,
    }))
}

/** The new start of the log is durable before the file goes: a missing file is a lost one otherwise. */
async function deleteSegment(store: RunningStore, segment: RetainedSegment): Promise<void> {
  const { segments, queues, queueFiles, index, environment, paths } = store.parts
  if (segments.first?.base !== segment.startOffset) return
  const logStart = segment.startOffset + segment.sizeBytes
  await store.keeper.noteLogStart(logStart)
  segments.removeFirst()
  // One at a time: a power cut must not bring an older one back beside a gap.
  await environment.fileSystem.syncDirectory(paths.commitLog)
  for (const queue of [...queues.all()]) {
    if (queue.minPhysical >= logStart || queue.empty || queue.deleted) continue
    const { search } = store.reader
    const unit = await search.firstFrom(queue, logStart)
    const first = unit < queue.maxUnit ? await search.entryOf(queue, unit) : undefined
    queue.beginAt(unit, first?.offset ?? queue.maxOffset)
    queue.minPhysical = first === undefined || isBlank(first.physical, first.size) ? -1 : first.physical
    queueFiles.removeBelow(queue, unit)
  }
  index?.deleteBelow(logStart)
}
