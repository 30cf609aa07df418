import type { FileSystem, OpenFile } from '@aerobee/base'

/** A file of one size that is written in place, made when it is missing. Throws IO_FAILED. */
export function openFixedFile(fileSystem: FileSystem, path: string, sizeBytes: number): OpenFile {
  const file = fileSystem.openSync(path, { create: true, sizeBytes })
  if (file.sizeBytes() !== sizeBytes) file.truncateSync(sizeBytes)
  return file
}
