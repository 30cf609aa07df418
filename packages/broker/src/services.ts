import type { Clock, Timer } from '@aerobee/base'
import type { BrokerParts } from './parts.js'

const sampleEveryMs = 1000
const sweepLocksEveryMs = 60_000
const commitBroadcastEveryMs = 5000
const purgeFiltersEveryMs = 60_000
const dayMs = 86_400_000

export type ServiceParts = Pick<
  BrokerParts,
  'clock' | 'config' | 'clients' | 'longPoll' | 'offsets' | 'stats' | 'locks' | 'filters' | 'broadcastOffsets'
>

/** What a broker does by the clock; cancelling stops all of it. */
export function startServices(parts: ServiceParts): Timer {
  const { clock, config, clients, longPoll, offsets, stats, locks, filters, broadcastOffsets } = parts
  clients.start()
  // Spans of 10 s, 10 minutes and an hour begin now, as upstream's: a later first sample would part what comes before it.
  stats.sample()
  const background = { background: true }
  const timers = [
    clock.every(sampleEveryMs, () => stats.sample(), background),
    clock.every(config.flushConsumerOffsetInterval, () => offsets.save(), background),
    clock.every(sweepLocksEveryMs, () => locks.sweep(), background),
    clock.every(commitBroadcastEveryMs, () => broadcastOffsets.commit(), background),
    clock.every(purgeFiltersEveryMs, () => filters.purge(), background),
    everyMidnight(clock, () => stats.turnDay()),
  ]
  return {
    cancel() {
      clients.stop()
      longPoll.stop()
      for (const timer of timers) timer.cancel()
    },
  }
}

/** In local time, as upstream's daily counters. */
function everyMidnight(clock: Clock, run: () => void): Timer {
  let timer: Timer
  const arm = () => {
    const now = clock.wallMs()
    const midnight = new Date(now).setHours(24, 0, 0, 0)
    timer = clock.after(Math.min(Math.max(midnight - now, 1), dayMs), tick, { background: true })
  }
  const tick = () => {
    run()
    arm()
  }
  arm()
  return { cancel: () => timer.cancel() }
}
