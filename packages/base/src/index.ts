export { abortable } from './abortable.js'
export { AssertionError, assert, unreachable } from './assert.js'
export { AtomicFile, type AtomicFileOptions, atomicTextFile, type TextFile } from './atomic-file.js'
export { asBuffer, concatBytes, emptyBytes, hexUpper, utf8, utf8Text } from './bytes.js'
export { type Clock, endOfTurn, type MonoMs, sleep, type Timer, type WallMs } from './clock.js'
export {
  type ConfigKey,
  type ConfigOf,
  type ConfigSource,
  type ConfigTable,
  type ConfigValue,
  choiceKey,
  configText,
  flagKey,
  integerKey,
  type LoadedConfig,
  loadConfig,
  parseConfigValue,
  rangeText,
  textKey,
  unusedKeys,
} from './config.js'
export { makeDurableDirectory, parentOf } from './durable-directory.js'
export {
  AerobeeError,
  type AerobeeErrorOptions,
  type ErrorCode,
  errorCodes,
  errorText,
  isAerobeeError,
} from './errors.js'
export type { DiskSpace, FileInfo, FileSystem, OpenFile } from './file-system.js'
export {
  type ByteCount,
  type PhysicalOffset,
  type QueueId,
  type QueueOffset,
  readInt64,
  writeInt64,
} from './integers.js'
export { javaHash } from './java-hash.js'
export { Lifecycle, type LifecycleState, type Part } from './lifecycle.js'
export { KiB, limits, MiB } from './limits.js'
export { compactLocalTime, localHour, localTimeText, parseHours } from './local-time.js'
export { type LogFields, type Logger, silentLogger, withFields } from './logger.js'
export { nodeFileSystem } from './node-file-system.js'
export { type Random, seededRandom, systemRandom } from './random.js'
export { bad, good, type Result } from './result.js'
export { systemClock } from './system-clock.js'
