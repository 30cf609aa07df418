/**
 * Disk as a parameter. Synchronous calls are for what stays in the page cache (5 µs) or runs before serving;
 * asynchronous ones for what may block on the device. Every failure is an AerobeeError IO_FAILED whose cause
 * carries the errno (`ENOSPC`, `EIO`, …); a missing file is `undefined` where the signature says so.
 */
export interface FileInfo {
  sizeBytes: number
  /** Wall time in ms. */
  modifiedMs: number
  directory: boolean
  /** Number of the file within its device; undefined where there is none. */
  inode?: number
  /** Of the device, less than the size for a sparse file; undefined where it cannot be known. */
  allocatedBytes?: number
}

export interface DiskSpace {
  totalBytes: number
  /** What an unprivileged process may still use. */
  usableBytes: number
  /** With what is kept for the administrator; `usableBytes` where it is not known. */
  freeBytes?: number
}

export interface OpenFile {
  readonly path: string
  sizeBytes(): number
  /** Writes all of `data` or throws. */
  writeSync(data: Uint8Array, position: number): void
  /** Returns bytes read; short only at the end of the file. */
  readSync(target: Uint8Array, position: number): number
  read(target: Uint8Array, position: number): Promise<number>
  write(data: Uint8Array, position: number): Promise<void>
  /** Data (and size) durable on the device. After a failure the file's un-synced data must be taken as lost. */
  datasync(): Promise<void>
  datasyncSync(): void
  /** Cuts or extends (sparse). */
  truncateSync(sizeBytes: number): void
  closeSync(): void
}

export interface FileSystem {
  /** `create`: make it when missing, sparse at `sizeBytes` when given. Default mode is read-write. */
  openSync(path: string, options?: { create?: boolean; sizeBytes?: number; readOnly?: boolean }): OpenFile
  infoSync(path: string): FileInfo | undefined
  /** Names, sorted; empty when the directory is missing. */
  listSync(directory: string): string[]
  makeDirectorySync(directory: string): void
  removeSync(path: string): void
  /** A directory with all it holds; nothing when missing. */
  removeTreeSync(path: string): void
  renameSync(from: string, to: string): void
  /** Makes creations, renames and removals in `directory` durable. */
  syncDirectorySync(directory: string): void
  /** The same off the event loop. */
  syncDirectory(directory: string): Promise<void>
  /** Whole content, undefined when missing. */
  readFileSync(path: string): Uint8Array | undefined
  spaceSync(path: string): DiskSpace
}
