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

/** Waits for a second in which others leave the machine alone. @param {any} broker @param {number} limitMs */
async function quietMoment(broker, limitMs) {
  const deadline = nowMs() + limitMs
  while (nowMs() < deadline) {
    const before = { machine: machineCpuMs(), broker: processCpuMs(broker.pid), at: nowMs() }
    await sleep(1000)
    const others = machineCpuMs() - before.machine - (processCpuMs(broker.pid) - before.broker)
    if (others / (nowMs() - before.at) < disturbedCores) return
  }
}

/**
 * Measures until others used little of the machine, a few times at most; keeps the least disturbed measurement,
 * which need not be the best one.
 * @param {import('../scenarios/index.mjs').Scenario} scenario @param {any} context @param {Timing} timing
 */
async function leastDisturbed(scenario, context, timing) {
  /** @type {Record<string, any> | null} */
  let kept = null
  for (let round = 0; round < timing.attempts; round++) {
    await quietMoment(context.broker, timing.quietMs)
    const result = await scenario.run({ ...context, ...timing, round })
    if (kept === null || result.otherCores < kept.otherCores) kept = result
    if (!(kept.otherCores > disturbedCores)) break
  }
  return kept ?? {}
}

/** @typedef {{warmupMs: number, measureMs: number, attempts: number, quietMs: number}} Timing */

/**
 * Runs the scenarios against one peer: those that may share a broker share a warm one, the others have their own.
 *
 * @param {import('../peers/index.mjs').Peer} peer
 * @param {import('../scenarios/index.mjs').Scenario[]} scenarios
 * @param {Timing} timing
 * @param {(name: string, result: Record<string, any>) => void} onResult
 */
export async function runPeer(peer, scenarios, timing, onResult) {
  /** @type {import('../peers/index.mjs').RunningBroker | null} */
  let shared = null
  for (const scenario of scenarios) {
    try {
      if (scenario.ownBrokers) {
        onResult(scenario.name, await scenario.run({ peer, ...timing }))
      } else if (scenario.freshBroker) {
        if (shared !== null) await stopAndRemove(shared)
        shared = null
        const broker = await peer.start()
        try {
          onResult(scenario.name, await scenario.run({ peer, broker, round: 0, ...timing }))
        } finally {
          await stopAndRemove(broker)
        }
      } else {
        if (shared === null) {
          shared = await peer.start()
          await warm(peer, shared)
        }
        onResult(scenario.name, await leastDisturbed(scenario, { peer, broker: shared }, timing))
      }
    } catch (error) {
      onResult(scenario.name, { error: error instanceof Error ? error.message : String(error) })
      if (shared !== null) await stopAndRemove(shared)
      shared = null
    }
  }
  if (shared !== null) await stopAndRemove(shared)
}
