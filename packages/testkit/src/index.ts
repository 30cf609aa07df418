export { type CrashImage, crashAtEveryStep } from './fault-file/crash-run.js'
export { type DiskCall, type FaultRule, type Hold, ProcessKilled } from './fault-file/faults.js'
export { type DiskCounters, FaultFileSystem, type FaultFileSystemOptions } from './fault-file-system.js'
