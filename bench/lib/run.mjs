import { rm } from 'node:fs/promises'
import { runJob } from './children.mjs'

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

/**
 * Runs the scenarios against one peer: those that may share a broker share a warm one, the others have their own.
 *
 * @param {import('../peers/index.mjs').Peer} peer
 * @param {import('../scenarios/index.mjs').Scenario[]} scenarios
 * @param {{warmupMs: number, measureMs: number, round: number}} timing
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
          onResult(scenario.name, await scenario.run({ peer, broker, ...timing }))
        } finally {
          await stopAndRemove(broker)
        }
      } else {
        if (shared === null) {
          shared = await peer.start()
          await warm(peer, shared)
        }
        onResult(scenario.name, await scenario.run({ peer, broker: shared, ...timing }))
      }
    } catch (error) {
      onResult(scenario.name, { error: error instanceof Error ? error.message : String(error) })
      if (shared !== null) await stopAndRemove(shared)
      shared = null
    }
  }
  if (shared !== null) await stopAndRemove(shared)
}
