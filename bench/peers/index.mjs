import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { apachePeer, apacheVersion } from './apache.mjs'
import { nodePeer } from './node-peer.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
const program = join(root, 'packages/aerobee/dist/main.js')
const bare = join(root, 'bench/bare.mjs')

/**
 * @typedef {object} RunningBroker
 * @property {string} host
 * @property {number} port
 * @property {number} pid
 * @property {number} readyMs from spawn until a client can send
 * @property {string} directory
 * @property {(signal?: NodeJS.Signals) => Promise<void>} stop
 */

/**
 * @typedef {object} Peer
 * @property {string} name
 * @property {string} label
 * @property {number} warmupMs first load on a fresh broker, for its compiler
 * @property {() => string | null} missing why it cannot run here
 * @property {() => string} describe
 * @property {(directory?: string) => Promise<RunningBroker>} start an empty broker, or again one that ended there
 * @property {() => Promise<void>} close
 */

/** @param {string} workDir @param {string[]} [nodeFlags] @returns {Peer} */
export function oursPeer(workDir, nodeFlags = []) {
  return nodePeer({
    name: 'ours',
    label: 'Aerobee',
    workDir,
    nodeFlags,
    missing: () => (existsSync(program) ? null : 'packages/aerobee is not built: run npm run build'),
    args: (dataDir) => [
      program,
      ...[
        'dev',
        '--data',
        dataDir,
        '--namesrv-port',
        '0',
        '--broker-port',
        '0',
        '--host',
        '127.0.0.1',
        '--json',
      ],
    ],
  })
}

/** @param {string} workDir @returns {Peer} */
export function barePeer(workDir, nodeFlags = []) {
  const args = (/** @type {string} */ dataDir) => [bare, '--data', dataDir]
  return nodePeer({ name: 'bare', label: 'Bare Node', workDir, nodeFlags, missing: () => null, args })
}

/** @param {string} workDir @returns {Peer} */
export function apache(workDir) {
  return apachePeer({ cacheDir: join(root, '.cache', `apache-${apacheVersion}`), workDir })
}
