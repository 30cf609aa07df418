// What the suites need from outside (a JDK with Maven, Go, the npm registry), built into .cache/e2e under a name that
// is the hash of its sources, so that a second run builds nothing. What is not there makes a MissingTool.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { runToEnd } from './processes.mjs'

export const repository = fileURLToPath(new URL('../../', import.meta.url))
const e2e = join(repository, 'e2e')
const cache = join(repository, '.cache', 'e2e')
/** Where our client is imported from, as it was built. */
export const clientModule = pathToFileURL(join(repository, 'packages', 'client', 'dist', 'index.js')).href
const smallJvm = ['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC']

/** Thrown when a suite cannot run on this machine; its message says why. */
export class MissingTool extends Error {}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {RegExp} expected
 */
function requireTool(command, args, expected) {
  const result = spawnSync(command, args, { encoding: 'utf8' })
  if (result.error) throw new MissingTool(`${command} is not installed`)
  const match = expected.exec(`${result.stdout}${result.stderr}`)
  if (!match) throw new MissingTool(`${command} ${args.join(' ')} does not answer as expected`)
  return match
}

/** @param {string[]} paths files, or folders whose every file counts */
function hashOf(paths) {
  const hash = createHash('sha256')
  for (const path of paths) {
    const files = existsSync(path) && !path.match(/\.\w+$/) ? readdirSync(path, { recursive: true }) : ['']
    for (const file of files.map(String).sort()) {
      const full = join(path, file)
      if (/\.\w+$/.test(full)) hash.update(`${file}\0`).update(readFileSync(full))
    }
  }
  return hash.digest('hex').slice(0, 12)
}

/**
 * Makes a folder of the cache by a function, once: it appears under its name only when complete.
 * @param {string} name
 * @param {string[]} sources
 * @param {(folder: string) => Promise<unknown>} make
 */
async function cached(name, sources, make) {
  const folder = join(cache, `${name}-${hashOf(sources)}`)
  if (existsSync(folder)) return folder
  const unfinished = `${folder}.${process.pid}`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  try {
    await make(unfinished)
    // Another run may have made it meanwhile.
    if (!existsSync(folder)) renameSync(unfinished, folder)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return folder
}

/** @typedef {{ jars: string, jvm: string[] }} JavaServers */
/** @typedef {JavaServers & { classes: string, main: string, clientLog: string }} JavaRuntime */

/**
 * What the pom of a folder asks for, resolved by Maven.
 * @param {string} version name of the folder
 * @param {string} logDir
 */
async function jarsOf(version, logDir) {
  const [, major] = requireTool('javac', ['-version'], /javac (\d+)/)
  if (Number(major) < 11) throw new MissingTool(`javac is version ${major}, 11 or later is needed`)
  const pom = join(e2e, 'java', version, 'pom.xml')
  const jars = await cached(`jars-${version}`, [pom], async (folder) => {
    requireTool('mvn', ['-v'], /Apache Maven/)
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies'
    const args = ['-B', '-q', '-f', pom, goal, `-DoutputDirectory=${folder}`, '-DincludeScope=runtime']
    await runToEnd({ name: `maven-${version}`, command: 'mvn', args, logDir }).catch((error) => {
      throw new MissingTool(`Maven could not resolve RocketMQ ${version}: ${firstLine(error)}`)
    })
  })
  return { pom, jars }
}

/**
 * The name server and the broker of that RocketMQ version.
 * @param {'4.9.7'} version
 * @param {string} logDir
 * @returns {Promise<JavaServers>}
 */
export async function prepareJavaServers(version, logDir) {
  const { jars } = await jarsOf(version, logDir)
  return { jars, jvm: smallJvm }
}

/**
 * The jars of that RocketMQ version, and our driver compiled against them.
 * @param {'5.3.3' | '4.9.8'} version
 * @param {string} logDir
 * @returns {Promise<JavaRuntime>}
 */
export async function prepareJava(version, logDir) {
  const { pom, jars } = await jarsOf(version, logDir)
  const sources = ['client', ...(version === '5.3.3' ? ['admin'] : [])].map((part) =>
    join(e2e, 'java', 'src', part),
  )
  const classes = await cached(`classes-${version}`, [pom, ...sources], async (folder) => {
    const files = sources.flatMap((source) =>
      readdirSync(source, { recursive: true })
        .map(String)
        .filter((file) => file.endsWith('.java'))
        .map((file) => join(source, file)),
    )
    const args = [
      '-nowarn',
      '--release',
      '11',
      '-encoding',
      'UTF-8',
      '-cp',
      `${jars}/*`,
      '-d',
      folder,
      ...files,
    ]
    await runToEnd({ name: `javac-${version}`, command: 'javac', args, logDir })
  })
  // With the servers' jars in the class path the client 5.3.3 takes the broker's logging configuration.
  const differs =
    version === '5.3.3'
      ? { main: 'AdminDriver', clientLog: 'broker_default.log' }
      : { main: 'Driver', clientLog: 'rocketmq_client.log' }
  return { jars, classes, jvm: smallJvm, ...differs }
}

/**
 * The Go driver.
 * @param {string} logDir
 * @returns {Promise<string>} path of the executable
 */
export async function prepareGo(logDir) {
  requireTool('go', ['version'], /go1\.(2[1-9]|[3-9]\d)/)
  const source = join(e2e, 'go')
  const folder = await cached('go', [source], async (into) => {
    const step = { command: 'go', cwd: source, logDir, env: { CGO_ENABLED: '0' } }
    await runToEnd({ ...step, name: 'go-download', args: ['mod', 'download'] }).catch((error) => {
      throw new MissingTool(`Go could not download the client: ${firstLine(error)}`)
    })
    await runToEnd({ ...step, name: 'go-build', args: ['build', '-o', join(into, 'driver'), '.'] })
  })
  return join(folder, 'driver')
}

/**
 * The ali-ons driver with its installed packages.
 * @param {string} logDir
 * @returns {Promise<string>} path of the script
 */
export async function prepareAliOns(logDir) {
  const source = join(e2e, 'node')
  const folder = await cached('ali-ons', [source], async (into) => {
    cpSync(source, into, { recursive: true })
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
    await runToEnd({ name: 'npm-ci', command: 'npm', args, cwd: into, logDir }).catch((error) => {
      throw new MissingTool(`npm could not install ali-ons: ${firstLine(error)}`)
    })
  })
  return join(folder, 'driver.mjs')
}

/** @returns {Promise<typeof import('@aerobee/client')>} */
export function importClient() {
  return import(clientModule)
}

/** @param {unknown} error */
function firstLine(error) {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n', 1)[0]
}
