import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { startProcess, stopProcess } from '../lib/children.mjs'
import { nowMs, sleep } from '../lib/measure.mjs'

export const apacheVersion = '5.3.3'
const nameServerFlags = ['-Xms128m', '-Xmx128m']
const brokerFlags = ['-Xms2g', '-Xmx2g']
const startLimitMs = 60_000

/** @param {string} command @param {string[]} args */
const runs = (command, args) => spawnSync(command, args, { stdio: 'ignore', timeout: 30_000 }).status === 0

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>bench</groupId><artifactId>apache-peer</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.rocketmq</groupId><artifactId>rocketmq-broker</artifactId><version>${apacheVersion}</version></dependency>
    <dependency><groupId>org.apache.rocketmq</groupId><artifactId>rocketmq-namesrv</artifactId><version>${apacheVersion}</version></dependency>
  </dependencies>
</project>
`

/** Fetches the jars once. @param {string} cacheDir @returns {string} the folder of jars */
function jars(cacheDir) {
  const lib = join(cacheDir, 'lib')
  const present =
    existsSync(lib) && readdirSync(lib).some((name) => name === `rocketmq-broker-${apacheVersion}.jar`)
  if (!present) {
    mkdirSync(cacheDir, { recursive: true })
    writeFileSync(join(cacheDir, 'pom.xml'), pom)
    const goal = [
      '-q',
      '-B',
      'dependency:copy-dependencies',
      '-DoutputDirectory=lib',
      '-DincludeScope=runtime',
    ]
    const { status } = spawnSync('mvn', goal, { cwd: cacheDir, stdio: ['ignore', 2, 2], timeout: 600_000 })
    if (status !== 0)
      throw new Error('Maven could not fetch Apache RocketMQ; run with --ours to measure without it')
  }
  return lib
}

/**
 * Two free ports with the one two below free as well: Java listens on listenPort and on listenPort - 2.
 * @returns {Promise<number>}
 */
async function freePort() {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = await tryPort(0)
    if (port > 2048 && (await tryPort(port - 2)) > 0 && (await tryPort(port + 1)) > 0) return port
  }
  throw new Error('no free port with a free neighbour was found')
}

/** @param {number} port @returns {Promise<number>} the port, or 0 when it is taken */
function tryPort(port) {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(0))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      const found = address !== null && typeof address === 'object' ? address.port : 0
      server.close(() => resolve(found))
    })
  })
}

/** @param {number} port @returns {Promise<boolean>} */
function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** @param {number} port @param {import('node:child_process').ChildProcess} child @param {string} what @returns {Promise<number>} when */
async function whenOpen(port, child, what) {
  const deadline = nowMs() + startLimitMs
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`${what} ended with code ${child.exitCode}; see its log`)
    if (nowMs() > deadline) throw new Error(`${what} did not open its port within ${startLimitMs} ms`)
    await sleep(5)
  }
  return nowMs()
}

/**
 * Apache RocketMQ from Maven's jars: one name server, and a broker for each start.
 * @param {{cacheDir: string, workDir: string}} places
 */
export function apachePeer({ cacheDir, workDir }) {
  /** @type {{child: import('node:child_process').ChildProcess, address: string} | null} */
  let nameServer = null
  let count = 0

  /** @param {string} home @param {string[]} flags @param {string[]} rest */
  function java(home, flags, rest) {
    mkdirSync(home, { recursive: true })
    const log = openSync(join(home, 'out.log'), 'a')
    const args = [
      ...flags,
      `-Duser.home=${home}`,
      `-Drocketmq.home.dir=${home}`,
      '-cp',
      join(jars(cacheDir), '*'),
      ...rest,
    ]
    return startProcess('java', args, { stdio: ['ignore', log, log], cwd: home })
  }

  async function startNameServer() {
    const home = join(workDir, 'apache-namesrv')
    mkdirSync(home, { recursive: true })
    const port = await freePort()
    writeFileSync(join(home, 'namesrv.conf'), `listenPort=${port}\n`)
    const main = ['org.apache.rocketmq.namesrv.NamesrvStartup', '-c', join(home, 'namesrv.conf')]
    const child = java(home, nameServerFlags, main)
    await whenOpen(port, child, 'the Java name server')
    return { child, address: `127.0.0.1:${port}` }
  }

  return {
    name: 'apache',
    label: `Apache RocketMQ ${apacheVersion}`,
    warmupMs: 40_000,
    missing: () =>
      !runs('java', ['-version'])
        ? 'Java is not installed'
        : !runs('mvn', ['-v'])
          ? 'Maven is not installed'
          : null,
    /** The folder of its jars, fetched when they are not there. */
    jars: () => jars(cacheDir),
    describe: () =>
      `java ${brokerFlags.join(' ')} (G1, defaults), broker.conf defaults with ASYNC_FLUSH and filters`,

    async start(directory) {
      jars(cacheDir)
      nameServer ??= await startNameServer()
      const home = directory ?? join(workDir, `apache-${count++}`)
      mkdirSync(home, { recursive: true })
      const port = await freePort()
      const conf = {
        brokerClusterName: 'DefaultCluster',
        brokerName: 'broker-a',
        brokerId: 0,
        brokerIP1: '127.0.0.1',
        listenPort: port,
        haListenPort: port + 1,
        storePathRootDir: join(home, 'store'),
        storePathCommitLog: join(home, 'store', 'commitlog'),
        autoCreateTopicEnable: true,
        enablePropertyFilter: true,
        defaultTopicQueueNums: 8,
        flushDiskType: 'ASYNC_FLUSH',
        brokerRole: 'ASYNC_MASTER',
      }
      const lines = Object.entries(conf).map(([key, value]) => `${key}=${value}\n`)
      writeFileSync(join(home, 'broker.conf'), lines.join(''))
      const main = [
        'org.apache.rocketmq.broker.BrokerStartup',
        '-n',
        nameServer.address,
        '-c',
        join(home, 'broker.conf'),
      ]
      const spawnedMs = nowMs()
      const child = java(home, brokerFlags, main)
      const openMs = await whenOpen(port, child, 'the Java broker')
      if (child.pid === undefined) throw new Error('the Java broker has no process id')
      return {
        host: '127.0.0.1',
        port,
        pid: child.pid,
        readyMs: openMs - spawnedMs,
        directory: home,
        stop: (signal) => stopProcess(child, signal),
      }
    },

    async close() {
      if (nameServer !== null) await stopProcess(nameServer.child)
      nameServer = null
    },
  }
}
