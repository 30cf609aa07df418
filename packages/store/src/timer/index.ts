import { makeDurableDirectory } from '@aerobee/base'
import type { StoreEnvironment } from '../environment.js'
import { TimerCheckpointFile } from './timer-checkpoint.js'
import { TimerLog } from './timer-log.js'
import { TimerWheel } from './wheel.js'

export {
  recoverTimer,
  type TimerMessage,
  type TimerMessageAt,
  type TimerPositions,
  withUnit,
} from './recover.js'
export { floorTo, type WheelSlot, windowSlots } from './slot.js'
export {
  encodeTimerCheckpoint,
  type OwnTimerCheckpoint,
  type TimerCheckpoint,
  TimerCheckpointFile,
} from './timer-checkpoint.js'
export { TimerLog } from './timer-log.js'
export { rolls, slotTimeOf, type TimerUnit, takesBack, unitMagics } from './unit.js'
export { TimerWheel } from './wheel.js'

export interface TimerFiles {
  readonly wheel: TimerWheel
  /** The wheel was there; otherwise it is empty. */
  readonly wheelFound: boolean
  readonly log: TimerLog
  readonly checkpoint: TimerCheckpointFile
  close(): void
}

export interface TimerFilesPlace extends Pick<StoreEnvironment, 'fileSystem' | 'logger'> {
  /** Keys of RocketMQ's configuration. */
  options: { storePathRootDir: string; mappedFileSizeTimerLog: number; timerPrecisionMs: number }
}

/** The timer's files in a store directory, made when they are missing. Throws STORE_CORRUPT, IO_FAILED. */
export function openTimerFiles({ fileSystem, logger, options }: TimerFilesPlace): TimerFiles {
  const {
    storePathRootDir: root,
    mappedFileSizeTimerLog: segmentBytes,
    timerPrecisionMs: precisionMs,
  } = options
  makeDurableDirectory(fileSystem, `${root}/config`)
  const log = new TimerLog({ fileSystem, logger, directory: `${root}/timerlog`, segmentBytes })
  const wheel = new TimerWheel({ fileSystem, path: `${root}/timerwheel`, precisionMs })
  const checkpoint = new TimerCheckpointFile({ fileSystem, logger, path: `${root}/config/timercheck` })
  log.open()
  const wheelFound = wheel.open()
  return {
    wheel,
    wheelFound,
    log,
    checkpoint,
    close() {
      log.close()
      wheel.close()
      checkpoint.close()
    },
  }
}
