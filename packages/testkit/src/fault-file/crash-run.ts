import { FaultFileSystem, type FaultFileSystemOptions } from '../fault-file-system.js'
import { ProcessKilled } from './faults.js'

export interface CrashImage {
  disk: FaultFileSystem
  /** The last changing call of the killed run. */
  step: number
  kind: 'kill' | 'torn-kill' | 'power-cut'
  /** For the failure's text: enough to run this one again. */
  label: string
}

/**
 * Runs `script` once in full, then once for every changing call k with a kill after it, and hands the disk that the
 * next process would find to `verify`: after the plain kill, after a kill in the middle of the write, and after
 * power cuts with `cutsPerStep` seeds. `prepare` runs on a new disk before the count begins.
 * Returns how many images were verified.
 */
export async function crashAtEveryStep(options: {
  disk?: FaultFileSystemOptions
  prepare?: (disk: FaultFileSystem) => void | Promise<void>
  script: (disk: FaultFileSystem) => void | Promise<void>
  verify: (image: CrashImage) => void | Promise<void>
  cutsPerStep?: number
}): Promise<number> {
  const { script, verify, cutsPerStep = 2 } = options
  const run = async (killAfter?: number, torn = false): Promise<FaultFileSystem> => {
    const base = new FaultFileSystem(options.disk)
    await options.prepare?.(base)
    const disk = base.afterKill()
    if (killAfter !== undefined) disk.killAfterStep(killAfter, torn)
    try {
      await Promise.race([disk.faults.whenKilled.then(drain), script(disk)])
    } catch (thrown) {
      if (!(thrown instanceof ProcessKilled) && !disk.killed) throw thrown
    }
    return disk
  }
  const last = (await run()).steps
  let verified = 0
  const hand = async (disk: FaultFileSystem, step: number, kind: CrashImage['kind'], note: string) => {
    const label = `${kind} after step ${step} of ${last}${note}`
    try {
      await verify({ disk, step, kind, label })
    } catch (thrown) {
      throw new Error(`after ${label}: ${thrown instanceof Error ? thrown.message : thrown}`, {
        cause: thrown,
      })
    }
    verified += 1
  }
  for (let step = 1; step <= last; step++) {
    const killed = await run(step)
    await hand(killed.afterKill(), step, 'kill', '')
    for (let cut = 0; cut < cutsPerStep; cut++) {
      const seed = step * 1009 + cut
      await hand(killed.afterPowerCut({ seed }), step, 'power-cut', `, seed ${seed}`)
    }
    await hand(killed.afterPowerCut({ keep: 'none' }), step, 'power-cut', ', nothing un-synced kept')
    const torn = await run(step, true)
    await hand(torn.afterKill(), step, 'torn-kill', '')
  }
  return verified
}

/** Lets what runs already come to its end before the disk is looked at. */
async function drain(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}
