// Child processes of a run: each in its own process group, its output in a log file, all of them killed when the
// runner ends in whatever way (normal end, failure, Ctrl-C).
import { spawn } from 'node:child_process'
import { createWriteStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { withDeadline } from './wait.mjs'

/** @type {Set<Child>} every child that has not exited yet */
const running = new Set()

/** Kills every child at once; safe to call from an exit handler. */
export function killAllChildren() {
  for (const child of running) child.signal('SIGKILL')
}

/** Makes sure that no child outlives the runner. */
export function killChildrenOnExit() {
  process.on('exit', killAllChildren)
  for (const [signal, code] of /** @type {const} */ ([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])) {
    process.on(signal, () => process.exit(code))
  }
}

/**
 * @typedef {object} ChildOptions
 * @property {string} name shown in messages, and the stem of the log file
 * @property {string} command
 * @property {string[]} args
 * @property {string} logDir
 * @property {string} [cwd]
 * @property {Record<string, string>} [env] added to the runner's environment
 */

/** One running process. Lines of its standard output are kept and can be awaited. */
export class Child {
  /** @param {ChildOptions} options */
  constructor(options) {
    this.name = options.name
    this.logFile = join(options.logDir, `${options.name}.log`)
    /** @type {string[]} */
    this.lines = []
    /** @type {Set<(line: string) => void>} */
    this.lineListeners = new Set()
    const log = createWriteStream(this.logFile, { flags: 'a' })
    log.write(`$ ${options.command} ${options.args.join(' ')}\n`)
    this.process = spawn(options.command, options.args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    running.add(this)
    this.process.stdin.on('error', () => {})
    this.process.stderr.on('data', (chunk) => log.write(chunk))
    createInterface({ input: this.process.stdout }).on('line', (line) => {
      log.write(`${line}\n`)
      this.lines.push(line)
      for (const listener of this.lineListeners) listener(line)
    })
    this.hasExited = false
    /** @type {Promise<string>} how it ended, in words */
    this.exited = new Promise((resolve) => {
      this.process.on('error', (error) => resolve(`could not start: ${error.message}`))
      this.process.on('close', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`))
    }).then((how) => {
      this.hasExited = true
      running.delete(this)
      log.end()
      return how
    })
  }

  get pid() {
    return this.process.pid
  }

  /**
   * Resolves with the first line of standard output, past or future, for which `matches` is true.
   * @param {(line: string) => boolean} matches
   * @param {number} deadlineMs
   * @param {string} what for the error text
   * @returns {Promise<string>}
   */
  async waitForLine(matches, deadlineMs, what) {
    const seen = this.lines.find(matches)
    if (seen !== undefined) return seen
    /** @type {(line: string) => void} */
    let listener = () => {}
    const line = new Promise((resolve) => {
      listener = (text) => matches(text) && resolve(text)
      this.lineListeners.add(listener)
    })
    const ended = this.exited.then((how) => {
      throw new Error(`${this.name} ended (${how}) before ${what}\n${this.tail()}`)
    })
    ended.catch(() => {})
    try {
      return await withDeadline(Promise.race([line, ended]), deadlineMs, `${this.name}: ${what}`)
    } finally {
      this.lineListeners.delete(listener)
    }
  }

  /** @param {NodeJS.Signals} name sent to the whole process group */
  signal(name) {
    if (this.hasExited || this.pid === undefined) return
    try {
      process.kill(-this.pid, name)
    } catch {
      // Gone in the meantime.
    }
  }

  /**
   * Asks with SIGTERM, insists with SIGKILL after the deadline. (A Java broker waits 24 s for a name server that is
   * gone.)
   * @param {number} deadlineMs
   * @returns {Promise<string>} how it ended
   */
  async stop(deadlineMs = 60_000) {
    this.signal('SIGTERM')
    try {
      return await withDeadline(this.exited, deadlineMs, `${this.name} to stop after SIGTERM`)
    } catch (error) {
      await this.kill()
      throw error
    }
  }

  /** kill -9, and waits until it is gone. */
  async kill() {
    this.signal('SIGKILL')
    return this.exited
  }

  /** @param {number} count last lines of the log file */
  tail(count = 40) {
    return tailOfFile(this.logFile, count)
  }
}

/**
 * The last lines of a log, without what Java's logging says about itself.
 * @param {string} file
 * @param {number} count
 */
export function tailOfFile(file, count = 40) {
  try {
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    return lines
      .filter((line) => !line.includes(' |-'))
      .slice(-count)
      .join('\n')
  } catch {
    return '(no log)'
  }
}

/**
 * Runs a command to its end.
 * @param {ChildOptions & { deadlineMs?: number }} options
 * @returns {Promise<string>} its standard output
 */
export async function runToEnd(options) {
  const child = new Child(options)
  child.process.stdin.end()
  const how = await withDeadline(
    child.exited,
    options.deadlineMs ?? 600_000,
    `${options.name} to end`,
  ).finally(() => child.signal('SIGKILL'))
  if (how !== 'exit code 0') throw new Error(`${options.name}: ${how}\n${child.tail(15)}`)
  return child.lines.join('\n')
}
