import { fork, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { sleep } from './measure.mjs'
import { isAlive, processMemory } from './process-stats.mjs'

/** Every process started by the bench, so that none outlives it. @type {Set<import('node:child_process').ChildProcess>} */
const children = new Set()

/** @template {import('node:child_process').ChildProcess} C @param {C} child @returns {C} */
function track(child) {
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

/** @param {string} command @param {string[]} args @param {import('node:child_process').SpawnOptions} options */
export function startProcess(command, args, options) {
  return track(spawn(command, args, options))
}

/** Ends what is left, at once: for the way out. */
export function killChildren() {
  for (const child of children) child.kill('SIGKILL')
}

process.once('exit', killChildren)

/**
 * Asks a process to end, and ends it after ten seconds.
 * @param {import('node:child_process').ChildProcess} child @param {NodeJS.Signals} [signal]
 */
export async function stopProcess(child, signal = 'SIGTERM') {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await ended
  clearTimeout(timer)
}

const generatorFile = fileURLToPath(new URL('generator.mjs', import.meta.url))

/**
 * Starts a generator process with a job.
 * @param {string} name @param {object} job @param {number} limitMs
 * @returns {{ready: Promise<any>, outcome: Promise<any>, stop: () => void}}
 */
export function startJob(name, job, limitMs) {
  const child = track(fork(generatorFile, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }))
  /** @type {(facts: any) => void} */
  let becomeReady = () => {}
  const ready = new Promise((resolve) => {
    becomeReady = resolve
  })
  const outcome = new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`generator job ${name} did not end within ${limitMs} ms`))
    }, limitMs)
    child.on('message', (/** @type {any} */ message) => {
      if (message.kind === 'ready') becomeReady(message.facts)
      if (message.kind === 'ready') return
      if (message.kind === 'done') resolve(message.outcome)
      else reject(new Error(`generator job ${name}: ${message.message}`))
      child.disconnect()
    })
    child.once('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`generator job ${name} ended with code ${code}`))
    })
  })
  outcome.catch(() => becomeReady(undefined))
  child.send({ kind: 'run', name, job })
  return { ready, outcome, stop: () => child.connected && child.send({ kind: 'stop' }) }
}

/** @param {string} name @param {object} job @param {number} limitMs @returns {Promise<any>} */
export function runJob(name, job, limitMs) {
  return startJob(name, job, limitMs).outcome
}

/** Memory once it has been quiet for a moment. @param {number} pid @param {number} [settleMs] */
export async function settledMemory(pid, settleMs = 2000) {
  await sleep(settleMs)
  if (!isAlive(pid)) throw new Error('the broker has ended')
  return processMemory(pid)
}
