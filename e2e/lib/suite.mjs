// What a suite gets to work with, and how its cases are counted and printed.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  ScenarioFailed,
  startAliOnsDriver,
  startClientDriver,
  startGoDriver,
  startJavaDriver,
} from './driver.mjs'
import { killAllChildren } from './processes.mjs'
import { Servers } from './servers.mjs'
import { MissingTool, prepareAliOns, prepareGo, prepareJava, prepareJavaServers } from './tools.mjs'

/** @typedef {'java-5.3.3' | 'java-4.9.8' | 'servers-4.9.7' | 'go' | 'ali-ons' | 'client'} Need 'client' is ours */
/**
 * @typedef {object} Suite
 * @property {string} name
 * @property {string} proves one sentence for --list
 * @property {Need[]} needs
 * @property {(context: Context) => Promise<void>} run
 */

/** Counts and prints results. */
export class Report {
  passed = 0
  failed = 0
  skipped = 0

  /** @param {string} suite @param {string} name @param {number} seconds @param {string} note */
  ok(suite, name, seconds, note) {
    this.passed += 1
    console.log(`ok ${suite} - ${name} (${seconds.toFixed(1)} s)${note && ` ${note}`}`)
  }

  /** @param {string} suite @param {string} name @param {string} reason */
  fail(suite, name, reason) {
    this.failed += 1
    console.log(`FAILED ${suite} - ${name}: ${reason}`)
  }

  /** @param {string} suite @param {string} why */
  skip(suite, why) {
    this.skipped += 1
    console.log(`skipped: ${suite}: ${why}`)
  }

  /** The last line, alone. */
  summary() {
    console.log(`${this.passed} passed, ${this.failed} failed, ${this.skipped} skipped`)
  }
}

/** Tools are looked for and built once a run. */
export class Toolbox {
  /** @param {string} logDir */
  constructor(logDir) {
    this.logDir = logDir
    /** @type {Map<Need, Promise<any>>} */
    this.ready = new Map()
  }

  /** @param {Need} need @returns {Promise<any>} */
  get(need) {
    let prepared = this.ready.get(need)
    if (!prepared) {
      prepared = this.prepare(need)
      this.ready.set(need, prepared)
    }
    return prepared
  }

  /** @param {Need} need */
  prepare(need) {
    if (need === 'java-5.3.3') return prepareJava('5.3.3', this.logDir)
    if (need === 'java-4.9.8') return prepareJava('4.9.8', this.logDir)
    if (need === 'servers-4.9.7') return prepareJavaServers('4.9.7', this.logDir)
    if (need === 'go') return prepareGo(this.logDir)
    if (need === 'client') return Promise.resolve('client')
    return prepareAliOns(this.logDir)
  }
}

/** One suite's run: its folder, its servers, its drivers. */
export class Context {
  /**
   * @param {Suite} suite
   * @param {RunOptions} options
   * @param {Report} report
   * @param {Toolbox} toolbox
   * @param {string} dir
   */
  constructor(suite, options, report, toolbox, dir) {
    this.suite = suite
    this.target = options.target
    this.kills = options.kills
    this.wanted = (/** @type {string} */ name) => options.wanted(suite.name, name)
    this.report = report
    this.toolbox = toolbox
    this.dir = dir
    this.logDir = join(dir, 'logs')
    mkdirSync(this.logDir, { recursive: true })
    /** @type {import('./driver.mjs').Driver[]} */
    this.drivers = []
    this.servers = new Servers(dir, this.logDir)
  }

  /**
   * Runs one case and prints its line. A case that fails does not stop the next.
   * @param {string} name
   * @param {() => Promise<Record<string, unknown> | void>} body figures to show
   */
  async case(name, body) {
    if (!this.wanted(name)) return
    const start = performance.now()
    try {
      const figures = Object.entries((await body()) ?? {})
      const note = figures.map(([key, value]) => `${key} ${value}`).join(', ')
      this.report.ok(this.suite.name, name, (performance.now() - start) / 1000, note)
    } catch (error) {
      this.fail(name, error)
    }
  }

  /** @param {string} name @param {unknown} error */
  fail(name, error) {
    const expected = error instanceof ScenarioFailed
    const reason = error instanceof Error ? (expected ? error.message : error.stack) : String(error)
    const logs = this.servers.children.slice(-4).map((child) => `--- ${child.logFile}\n${child.tail(25)}`)
    for (const driver of this.drivers) logs.push(driver.tail(12))
    this.report.fail(this.suite.name, name, `${reason}\n${logs.join('\n')}`.replaceAll('\n', '\n    '))
  }

  /** @param {string} name of a folder in the suite's own, made on demand */
  folder(name) {
    const path = join(this.dir, name)
    mkdirSync(path, { recursive: true })
    return path
  }

  /**
   * @param {Need} need
   * @returns {Promise<import('./driver.mjs').Driver>}
   */
  async startDriver(need) {
    const tool = await this.toolbox.get(need)
    const driver = await this.openDriver(need, tool)
    this.drivers.push(driver)
    return driver
  }

  /** @param {Need} need @param {any} tool */
  openDriver(need, tool) {
    const name = `${need}-driver-${this.drivers.length + 1}`
    if (need === 'go') return startGoDriver(tool, this.logDir)
    if (need === 'ali-ons') return startAliOnsDriver(tool, this.logDir)
    if (need === 'client') return startClientDriver(name, this.logDir)
    return startJavaDriver(tool, name, this.logDir)
  }
}

/**
 * @typedef {object} RunOptions
 * @property {import('./servers.mjs').Kind} target
 * @property {boolean} keep data and logs
 * @property {number} kills how often the kill suites kill the broker
 * @property {(suite: string, name: string) => boolean} wanted
 */

/**
 * Runs suites one after the other.
 * @param {Suite[]} suites
 * @param {RunOptions} options
 */
export async function runSuites(suites, options) {
  const { target, keep } = options
  const report = new Report()
  const root = mkdtempSync(join(tmpdir(), 'aerobee-e2e-'))
  process.on('exit', () => keep || rmSync(root, { recursive: true, force: true, maxRetries: 3 }))
  const toolbox = new Toolbox(root)
  for (const suite of suites) {
    const dir = join(root, suite.name)
    const context = new Context(suite, options, report, toolbox, dir)
    try {
      const needs = /** @type {Need[]} */ (target === 'apache' ? ['java-5.3.3', ...suite.needs] : suite.needs)
      for (const need of needs) await toolbox.get(need)
      if (needs.includes('java-5.3.3')) context.servers.java.apache = await toolbox.get('java-5.3.3')
      if (needs.includes('servers-4.9.7'))
        context.servers.java['apache-4.9.7'] = await toolbox.get('servers-4.9.7')
      await suite.run(context)
    } catch (error) {
      if (error instanceof MissingTool) report.skip(suite.name, error.message)
      else context.fail('the suite itself', error)
    } finally {
      killAllChildren()
      await Promise.all(context.servers.children.map((child) => child.exited))
      if (!keep) rmSync(dir, { recursive: true, force: true, maxRetries: 3 })
    }
  }
  if (keep) console.log(`data and logs are kept in ${root}`)
  report.summary()
  return report
}
