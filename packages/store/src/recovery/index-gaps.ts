import { errorText, KiB, type Logger } from '@aerobee/base'
import { readSysFlag, transactionType, transactionTypes } from '@aerobee/wire'
import type { SegmentList } from '../commit-log/segment-list.js'
import type { GapFiller } from '../index-file/gap-filler.js'
import type { MessageIndex } from '../index-file/index.js'
import type { OpenFiles } from '../open-files.js'
import { readEntry } from './read-entry.js'
import { scanLog } from './scan.js'

export interface IndexGapsParts {
  index: MessageIndex
  segments: SegmentList
  files: OpenFiles
  logger: Logger
  appendedCrc: boolean
  torn: ReadonlySet<number>
  delayLevels: readonly number[]
  stopped(): boolean
}

/** Little at a time, since the store serves meanwhile. */
const windowBytes = 64 * KiB

/** Indexes again what a dropped index file knew, while the store serves. Never rejects. */
export async function fillIndexGaps(parts: IndexGapsParts): Promise<void> {
  const { index, segments, logger } = parts
  for (const gap of index.gaps()) {
    const from = Math.max(gap.afterPhysical, segments.first?.base ?? 0)
    if (from >= gap.beforePhysical) continue
    const filler = index.fillGap(gap)
    let records = 0
    try {
      await scanLog(
        {
          segments,
          files: parts.files,
          appendedCrc: parts.appendedCrc,
          sureEnd: Number.POSITIVE_INFINITY,
          torn: parts.torn,
          windowBytes,
          record: (window, at, shape) => {
            if (parts.stopped()) throw new Stopped()
            if (transactionType(readSysFlag(window.view, at)) === transactionTypes.rollback) return
            const { topic, uniqKey, keys, storeTimestamp } = readEntry(window, at, shape, parts.delayLevels)
            filler.put(topic, uniqKey, keys, window.start + at, storeTimestamp)
            records += 1
          },
          damage: () => {},
        },
        from,
        gap.beforePhysical + 1,
      )
      await filler.finish()
    } catch (thrown) {
      abandon(filler, logger)
      if (thrown instanceof Stopped) return
      logger.warn(`The index could not be completed from ${from} on: ${errorText(thrown)}`)
      return
    }
    if (records > 2) logger.info(`The index was completed with ${records} records from ${from} on.`)
  }
}

/** What cannot be removed is dropped by the next start, since its header counts no entry. */
function abandon(filler: GapFiller, logger: Logger): void {
  try {
    filler.abandon()
  } catch (thrown) {
    logger.warn(`An incomplete index file is left: ${errorText(thrown)}`)
  }
}

class Stopped extends Error {}
