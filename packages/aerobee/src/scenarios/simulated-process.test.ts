import type { Clock, Random, Timer } from '@aerobee/base'
import type { ByteStream, ByteStreamEvents, Transport } from '@aerobee/net'
import type { FaultFileSystem, MemoryNetwork, VirtualClock } from '@aerobee/testkit'
import type { Surroundings } from '../system.js'

/** For the scenarios beside; holds no tests itself. */

export interface World {
  clock: VirtualClock
  network: MemoryNetwork
}

const noTimer: Timer = { cancel: () => {} }

/**
 * One process on a machine of its own that can be killed at any point of what it does: from then on none of its timers
 * runs, nothing arrives, nothing leaves, and the disk refuses. What runs after `kill()` in the same turn is
 * without effect on anybody.
 */
export class SimulatedProcess {
  readonly host: string
  readonly disk: FaultFileSystem
  readonly surroundings: Surroundings
  readonly #world: World
  readonly #timers = new Set<Timer>()
  #buried = false

  constructor(world: World, host: string, disk: FaultFileSystem, random: Random) {
    this.host = host
    this.disk = disk
    this.#world = world
    this.surroundings = {
      clock: this.#clock(),
      random,
      fileSystem: disk,
      transport: this.#transport(),
    }
    void disk.faults.whenKilled.then(() => this.#bury())
  }

  get dead(): boolean {
    return this.disk.killed
  }

  kill(): void {
    this.disk.kill()
    this.#bury()
  }

  /** Once: by the time a kill is noticed another process may run on the machine. */
  #bury(): void {
    if (this.#buried) return
    this.#buried = true
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
    this.#world.network.crash(this.host)
  }

  /** A kill in the middle of a disk call ends the callback it happens in. */
  #run(run: () => void): void {
    if (this.dead) return
    try {
      run()
    } catch (thrown) {
      if (!this.dead) throw thrown
    }
  }

  #clock(): Clock {
    const { clock } = this.#world
    const guarded = (set: (run: () => void) => Timer, run: () => void, once: boolean): Timer => {
      if (this.dead) return noTimer
      const timer = set(() => {
        if (once) this.#timers.delete(timer)
        this.#run(run)
      })
      this.#timers.add(timer)
      return {
        cancel: () => {
          this.#timers.delete(timer)
          timer.cancel()
        },
      }
    }
    return {
      wallMs: () => clock.wallMs(),
      monoMs: () => clock.monoMs(),
      after: (delayMs, run) => guarded((guardedRun) => clock.after(delayMs, guardedRun), run, true),
      every: (periodMs, run) => guarded((guardedRun) => clock.every(periodMs, guardedRun), run, false),
      endOfTurn: (run) => clock.endOfTurn(() => this.#run(run)),
    }
  }

  #transport(): Transport {
    const transport = this.#world.network.transport(this.host)
    return {
      listen: (at, accept, onFault) =>
        transport.listen(at, (stream) => this.#run(() => accept(this.#stream(stream))), onFault),
      connect: async (target, options) => this.#stream(await transport.connect(target, options)),
    }
  }

  #stream(stream: ByteStream): ByteStream {
    const dead = () => this.dead
    return {
      remote: stream.remote,
      local: stream.local,
      get bufferedBytes() {
        return stream.bufferedBytes
      },
      attach: (events) => stream.attach(this.#events(events)),
      write: (chunk) => void (dead() || stream.write(chunk)),
      writeAll: (chunks) => void (dead() || stream.writeAll(chunks)),
      pause: () => stream.pause(),
      resume: () => stream.resume(),
      end: () => void (dead() || stream.end()),
      destroy: () => void (dead() || stream.destroy()),
    }
  }

  #events(events: ByteStreamEvents): ByteStreamEvents {
    return {
      received: (chunk) => this.#run(() => events.received(chunk)),
      drained: () => this.#run(() => events.drained()),
      closed: (error) => this.#run(() => events.closed(error)),
    }
  }
}
