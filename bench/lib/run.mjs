import { rm } from 'node:fs/promises'
import { runJob } from './children.mjs'
import { nowMs, sleep } from './measure.mjs'
import { machineCpuMs, processCpuMs } from './process-stats.mjs'

/** Cores used by others above which a measurement is taken again: 0.3 of two cores bends every figure. */
const disturbedCores = 0.3

/**
 * @typedef {object} ScenarioResults
 * @property {string} name
 * @property {string} title
 * @property {Record<string, Record<string, any>>} byPeer
 */

/**
 * @typedef {object} Results
 * @property {string} at
 * @property {string} command
 * @property {string} machine
 * @property {{name: string, label: string, how: string}[]} peers
 * @property {ScenarioResults[]} scenarios
 */

/** @param {import('../peers/index.mjs').RunningBroker} broker */
async function stopAndRemove(broker) {
  await broker.stop()
  await rm(broker.directory, { recursive: true, force: true })
}

/** Loads a fresh broker so that its compiler has seen the hot path. @param {any} peer @param {any} broker */
async function warm(peer, broker) {
  const shape = { host: broker.host, port: broker.port, brokerPid: broker.pid, bodyBytes: 128, warmupMs: 0 }
  const half = { ...shape, topic: 'BenchWarm', measureMs: peer.warmupMs / 2 }
  await runJob('send', { ...half, connections: 1, inFlight: 64, batch: 1 }, peer.warmupMs + 30_000)
  await runJob('send', { ...half, connections: 4, inFlight: 512, batch: 1 }, peer.warmupMs + 30_000)
}

/** CPU of everything on the machine but the brokers under measurement. @param {number[]} brokerPids */
function othersCpuMs(brokerPids) {
  return brokerPids.reduce((rest, pid) => rest - processCpuMs(pid), machineCpuMs())
}

/** Waits for a second in which others leave the machine alone. @param {number[]} brokerPids @param {number} limitMs */
async function quietMoment(brokerPids, limitMs) {
  const deadline = nowMs() + limitMs
  while (nowMs() < deadline) {
    const before = othersCpuMs(brokerPids)
    const atMs = nowMs()
    await sleep(1000)
    if ((othersCpuMs(brokerPids) - before) / (nowMs() - atMs) < disturbedCores) return
  }
}

/** @typedef {{warmupMs: number, measureMs: number, attempts: number, quietMs: number}} Timing */

/** Measures one scenario against one peer: on the peer's warm broker, a fresh one, or brokers of its own. */
class PeerRun {
  /** @param {import('../peers/index.mjs').Peer} peer */
  constructor(peer) {
    this.peer = peer
    /** @type {import('../peers/index.mjs').RunningBroker | null} */
    this.shared = null
  }

  /**
   * @param {import('../scenarios/index.mjs').Scenario} scenario @param {Timing} timing @param {number} round
   * @param {() => Promise<void>} quiet called when all is ready to be measured
   * @returns {Promise<Record<string, any>>}
   */
  async measure(scenario, timing, round, quiet) {
    const { peer } = this
    try {
      if (scenario.ownBrokers) {
        await quiet()
        return await scenario.run({ peer, round, ...timing })
      }
      if (!scenario.freshBroker) {
        const broker = await this.warmBroker()
        await quiet()
        return await scenario.run({ peer, broker, round, ...timing })
      }
      const broker = await peer.start()
      try {
        await quiet()
        return await scenario.run({ peer, broker, round, ...timing })
      } finally {
        await stopAndRemove(broker)
      }
    } catch (error) {
      await this.close()
      return { error: error instanceof Error ? error.message : String(error) }
    }
  }

  async warmBroker() {
    if (this.shared === null) {
      this.shared = await this.peer.start()
      await warm(this.peer, this.shared)
    }
    return this.shared
  }

  async close() {
    const { shared } = this
    this.shared = null
    if (shared !== null) await stopAndRemove(shared)
  }
}

/**
 * Runs each scenario against every peer in turn, so that ratios are of figures taken side by side. While others
 * disturb a measurement it is taken again, for all peers and a few times at most; the round with the least
 * disturbance is kept, which need not be the best one.
 *
 * @param {import('../peers/index.mjs').Peer[]} peers
 * @param {import('../scenarios/index.mjs').Scenario[]} scenarios
 * @param {Timing} timing
 * @param {(scenario: string, peer: string, result: Record<string, any>) => void} onResult
 */
export async function runScenarios(peers, scenarios, timing, onResult) {
  const runs = peers.map((peer) => new PeerRun(peer))
  const pids = () => runs.flatMap(({ shared }) => (shared === null ? [] : [shared.pid]))
  const quiet = () => quietMoment(pids(), timing.quietMs)
  for (const scenario of scenarios) {
    const again = !scenario.freshBroker && !scenario.ownBrokers
    /** @type {Record<string, any>[]} */
    let kept = []
    for (let round = 0; round < (again ? timing.attempts : 1); round++) {
      const results = []
      for (const run of runs) {
        const result = await run.measure(scenario, timing, round, quiet)
        onResult(scenario.name, run.peer.name, result)
        results.push(result)
      }
      if (kept.length === 0 || disturbance(results) < disturbance(kept)) kept = results
      if (disturbance(kept) < disturbedCores) break
    }
    for (const [index, run] of runs.entries()) onResult(scenario.name, run.peer.name, kept[index])
  }
  for (const run of runs) await run.close()
}

/** Of the most disturbed measurement; a failed one is worse than any. @param {Record<string, any>[]} results */
function disturbance(results) {
  return Math.max(
    ...results.map(({ error, otherCores }) => (error ? Number.POSITIVE_INFINITY : (otherCores ?? 0))),
  )
}
