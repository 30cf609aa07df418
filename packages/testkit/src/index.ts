export { archivedDisk } from './archived-disk.js'
export { ChaosRelay, type Direction, type DirectionRules } from './chaos-relay.js'
export { type CrashImage, crashAtEveryStep } from './fault-file/crash-run.js'
export { type DiskCall, type FaultRule, type Hold, ProcessKilled } from './fault-file/faults.js'
export { type DiskCounters, FaultFileSystem, type FaultFileSystemOptions } from './fault-file-system.js'
export {
  type CommitEvent,
  type ConsumeEvent,
  checkHistory,
  type Finding,
  type HistoryEvents,
  invented,
  lost,
  movedBack,
  reordered,
  reused,
  type SendEvent,
  type StoredEvent,
} from './history.js'
export { MemoryNetwork } from './memory-transport.js'
export { listLogger, RemotingPair, type RemotingPairOptions } from './remoting-pair.js'
export { forEachSeed, seeds } from './seeds.js'
export { type TestCertificate, TlsFront, testAuthority, testCertificate } from './tls-front.js'
export { VirtualClock } from './virtual-clock.js'
