import { type FileSystem, utf8Text } from '@aerobee/base'

/** What the store lock asks about processes of this machine. */
export interface ProcessProbe {
  readonly pid: number
  /** Changes with every start of the machine; undefined where it cannot be known. */
  bootId(): string | undefined
  alive(pid: number): boolean
  /** When the process started, as an opaque text that tells it from a later one of the same id. */
  startTime(pid: number): string | undefined
  /** The Java process that holds a POSIX write lock on the file with this inode. */
  javaLockHolder(inode: number): number | undefined
}

/**
 * The machine itself. Linux answers from /proc; elsewhere only `alive` is known, and a process id that was given to
 * another process meanwhile counts as the old one.
 */
export function machineProbe(fileSystem: FileSystem): ProcessProbe {
  const text = (path: string): string | undefined => {
    try {
      const bytes = fileSystem.readFileSync(path)
      return bytes && utf8Text(bytes)
    } catch {
      // Another user's, or gone between two reads.
      return undefined
    }
  }
  return {
    pid: process.pid,
    bootId: () => text('/proc/sys/kernel/random/boot_id')?.trim(),
    alive(pid) {
      try {
        process.kill(pid, 0)
        return true
      } catch (thrown) {
        // EPERM: it is there and not ours.
        return (thrown as NodeJS.ErrnoException).code === 'EPERM'
      }
    },
    startTime: (pid) => startTimeOf(text(`/proc/${pid}/stat`) ?? ''),
    javaLockHolder: (inode) =>
      writeLockHolders(text('/proc/locks') ?? '', inode).find((pid) =>
        text(`/proc/${pid}/comm`)?.startsWith('java'),
      ),
  }
}

/** Field 22 of `/proc/<pid>/stat`; the second one is a name in parentheses that may hold blanks and parentheses. */
function startTimeOf(stat: string): string | undefined {
  const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return stat.includes(')') ? rest[19] : undefined
}

/** Lines as `1: POSIX  ADVISORY  WRITE 1234 fe:01:131090 0 0`. */
function writeLockHolders(locks: string, inode: number): number[] {
  return locks.split('\n').flatMap((line) => {
    const match = /POSIX\s+\S+\s+WRITE\s+(\d+)\s+[\da-f]+:[\da-f]+:(\d+)\s/.exec(line)
    return match && Number(match[2]) === inode ? [Number(match[1])] : []
  })
}
