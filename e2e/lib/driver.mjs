// A driver is a program around a third-party client that runs scenarios on request, one JSON object a line
// (the protocol is described in e2e/README.md). One driver process serves a whole suite.
import { join } from 'node:path'
import { Child, tailOfFile } from './processes.mjs'
import { clientModule, repository } from './tools.mjs'
import { withDeadline } from './wait.mjs'

const startDeadlineMs = 30_000
const scenarioDeadlineMs = 240_000

/** @typedef {Record<string, unknown>} Parameters */

/** The client found something wrong; the message is the client's own stack trace. */
export class ScenarioFailed extends Error {}

/** A scenario under way. */
class Scenario {
  /**
   * @param {number} id
   * @param {(line: object) => void} write
   */
  constructor(id, write) {
    this.id = id
    this.write = write
    /** @type {Set<() => void>} */
    this.watchers = new Set()
    /** @type {Record<string, any>} the newest value of each figure that the scenario told */
    this.figures = {}
    /** @type {Promise<Record<string, any>>} */
    this.result = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    this.result.catch(() => this.notify())
  }

  notify() {
    for (const watcher of [...this.watchers]) watcher()
  }

  /**
   * Waits until the figures that the scenario tells satisfy a condition.
   * @param {(figures: Record<string, any>) => boolean} condition
   * @param {number} deadlineMs
   * @param {string} what
   */
  async until(condition, deadlineMs, what) {
    if (condition(this.figures)) return
    /** @type {() => void} */
    let watcher = () => {}
    const met = new Promise((resolve) => {
      watcher = () => condition(this.figures) && resolve(undefined)
      this.watchers.add(watcher)
    })
    const ended = this.result.then(() => {
      throw new Error(`the scenario ended before ${what}`)
    })
    try {
      await withDeadline(
        Promise.race([met, ended]),
        deadlineMs,
        `${what}; now ${JSON.stringify(this.figures)}`,
      )
    } finally {
      this.watchers.delete(watcher)
      ended.catch(() => {})
    }
  }

  /** Tells the scenario to stop and waits for its result. */
  async stop() {
    this.write({ id: this.id, stop: true })
    return withDeadline(this.result, scenarioDeadlineMs, 'a scenario to stop')
  }
}

export class Driver {
  /**
   * @param {Child} child
   * @param {string[]} logFiles logs that the client itself writes
   */
  constructor(child, logFiles) {
    this.child = child
    this.logFiles = logFiles
    this.nextId = 1
    /** @type {Error | undefined} */
    this.ended = undefined
    /** @type {Map<number, Scenario>} */
    this.scenarios = new Map()
    child.lineListeners.add((line) => this.receive(line))
    child.exited.then((how) => {
      for (const scenario of this.scenarios.values())
        scenario.reject?.(new Error(`${child.name} ended: ${how}`))
    })
  }

  /** @param {string} line */
  receive(line) {
    if (!line.startsWith('{')) return
    const answer = JSON.parse(line)
    const scenario = this.scenarios.get(answer.id)
    if (!scenario) return
    if (answer.event) {
      Object.assign(scenario.figures, answer.event)
      scenario.notify()
      return
    }
    this.scenarios.delete(answer.id)
    if (answer.ok) scenario.resolve?.(answer.result ?? {})
    else scenario.reject?.(new ScenarioFailed(answer.error))
  }

  /**
   * Starts a scenario that runs until it is told to stop.
   * @param {string} name
   * @param {Parameters} parameters
   */
  start(name, parameters) {
    const id = this.nextId++
    const write = (/** @type {object} */ line) => this.child.process.stdin.write(`${JSON.stringify(line)}\n`)
    const scenario = new Scenario(id, write)
    this.scenarios.set(id, scenario)
    if (this.ended) scenario.reject?.(this.ended)
    write({ id, run: name, ...parameters })
    return scenario
  }

  /**
   * Runs a scenario to its end.
   * @param {string} name
   * @param {Parameters} parameters
   */
  run(name, parameters) {
    return withDeadline(this.start(name, parameters).result, scenarioDeadlineMs, `scenario ${name}`)
  }

  /** Closes its input, which ends the program. */
  async stop() {
    this.child.process.stdin.end()
    await withDeadline(this.child.exited, 10_000, `${this.child.name} to end`).catch(() => this.child.kill())
  }

  /** @param {number} lines of each log */
  tail(lines) {
    return [this.child.logFile, ...this.logFiles]
      .map((file) => `--- ${file}\n${tailOfFile(file, lines)}`)
      .join('\n')
  }
}

/**
 * @param {{ name: string, command: string, args: string[], logDir: string, cwd?: string, env?: Record<string, string> }} options
 * @param {string[]} [logFiles]
 */
async function startDriver(options, logFiles = []) {
  const child = new Child(options)
  await child.waitForLine((line) => line.includes('"ready"'), startDeadlineMs, 'it was ready for scenarios')
  return new Driver(child, logFiles)
}

/**
 * @param {import('./tools.mjs').JavaRuntime} java
 * @param {string} name
 * @param {string} logDir
 */
export function startJavaDriver(java, name, logDir) {
  const home = join(logDir, `${name}-home`)
  const args = [...java.jvm, '-XX:TieredStopAtLevel=1', `-Duser.home=${home}`, '-Dfile.encoding=UTF-8']
  args.push(
    `-Drocketmq.home.dir=${home}`,
    '-cp',
    `${java.classes}:${java.jars}/*`,
    `aerobee.e2e.${java.main}`,
  )
  const logFile = join(home, 'logs', 'rocketmqlogs', java.clientLog)
  // mqadmin leaves files where it runs.
  return startDriver({ name, command: 'java', args, logDir, cwd: logDir }, [logFile])
}

/**
 * @param {string} executable
 * @param {string} logDir
 */
export function startGoDriver(executable, logDir) {
  const options = { name: 'go-driver', command: executable, args: [], logDir, env: { HOME: logDir } }
  return startDriver(options, [join(logDir, 'go-client.log')])
}

/**
 * @param {string} script
 * @param {string} logDir
 */
export function startAliOnsDriver(script, logDir) {
  return startDriver({
    name: 'ali-ons-driver',
    command: process.execPath,
    args: [script],
    logDir,
    env: { HOME: logDir },
  })
}

/**
 * Our own client in a process of its own.
 * @param {string} name
 * @param {string} logDir
 */
export function startClientDriver(name, logDir) {
  const args = [join(repository, 'e2e', 'client', 'driver.mjs'), clientModule]
  return startDriver({ name, command: process.execPath, args, logDir })
}
