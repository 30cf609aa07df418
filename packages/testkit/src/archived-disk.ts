import { gunzipSync } from 'node:zlib'
import { FaultFileSystem } from './fault-file-system.js'

/** A disk with the files of a .tar.gz below its root. */
export function archivedDisk(archive: Uint8Array): FaultFileSystem {
  const disk = new FaultFileSystem()
  for (const [path, content] of untar(gunzipSync(archive))) disk.place(`/${path}`, content)
  return disk
}

/** ustar: 512-byte headers (name 100, size at 124 in octal, type at 156, prefix at 345); GNU long names are type L. */
function untar(archive: Buffer): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  const text = (at: number, length: number) => archive.toString('utf8', at, at + length).replace(/\0.*$/s, '')
  let longName: string | undefined
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8)
    const type = String.fromCharCode(archive[at + 156]!)
    const prefix = text(at + 345, 155)
    const name = longName ?? (prefix ? `${prefix}/` : '') + text(at, 100)
    longName = undefined
    if (type === 'L') longName = text(at + 512, size)
    else if (type === '0' || type === '\0') files.set(name, archive.subarray(at + 512, at + 512 + size))
    else if (type === 'x') longName = /(?:^|\n)\d+ path=([^\n]*)\n/.exec(text(at + 512, size))?.[1]
    at += 512 + Math.ceil(size / 512) * 512
  }
  return files
}
