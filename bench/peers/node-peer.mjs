import { mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { startProcess, stopProcess } from '../lib/children.mjs'
import { nowMs } from '../lib/measure.mjs'

const startLimitMs = 30_000

/** @param {import('node:child_process').ChildProcess} child @returns {Promise<string>} the first line of its output */
function firstLine(child) {
  return new Promise((resolve, reject) => {
    let text = ''
    const timer = setTimeout(() => reject(new Error(`no ready line within ${startLimitMs} ms`)), startLimitMs)
    child.stdout?.on('data', (chunk) => {
      if (text.includes('\n')) return
      text += chunk
      if (!text.includes('\n')) return
      clearTimeout(timer)
      resolve(text.slice(0, text.indexOf('\n')))
    })
    child.once('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`the broker ended with code ${code} before it was ready; see its log`))
    })
  })
}

/**
 * A broker that is a Node program and says where it listens with one JSON line,
 * `{"event":"ready","broker":"127.0.0.1:PORT",...}`.
 *
 * @param {{name: string, label: string, workDir: string, missing: () => string | null, nodeFlags?: string[],
 *   args: (dataDir: string) => string[]}} program
 */
export function nodePeer({ name, label, workDir, missing, nodeFlags = [], args }) {
  let count = 0
  return {
    name,
    label,
    warmupMs: 3000,
    missing,
    describe: () => ['node', process.version, ...nodeFlags, ...args('DIR').slice(1)].join(' '),

    async start(directory) {
      const home = directory ?? join(workDir, `${name}-${count++}`)
      mkdirSync(home, { recursive: true })
      const log = openSync(join(home, 'err.log'), 'a')
      const spawnedMs = nowMs()
      const command = [...nodeFlags, ...args(join(home, 'data'))]
      const child = startProcess(process.execPath, command, { stdio: ['ignore', 'pipe', log], cwd: home })
      const line = await firstLine(child)
      const readyMs = nowMs() - spawnedMs
      const ready = JSON.parse(line)
      const [host, port] = String(ready.broker).split(':')
      if (child.pid === undefined) throw new Error('the broker has no process id')
      return {
        host,
        port: Number(port),
        namesrv: ready.namesrv,
        pid: child.pid,
        readyMs,
        directory: home,
        stop: (signal) => stopProcess(child, signal),
      }
    },

    async close() {},
  }
}
