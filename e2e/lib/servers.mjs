// Name servers and brokers of either kind, started the same way: ours and Apache RocketMQ's.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { freePort } from './ports.mjs'
import { waitUntilListening, waitUntilRegistered } from './probe.mjs'
import { Child } from './processes.mjs'
import { repository } from './tools.mjs'

const host = '127.0.0.1'
const startDeadlineMs = 60_000
let aerobeeMain = join(repository, 'packages', 'aerobee', 'dist', 'main.js')

/** @typedef {'aerobee' | 'apache' | 'apache-4.9.7'} Kind 'apache' is 5.3.3 */
/** @typedef {Record<string, string | number | boolean>} Config RocketMQ's own keys */

/**
 * Sizes that keep Apache's first start small, patience on a busy machine (Apache refuses sends that waited 200 ms), and
 * all that the two kinds must have in common to share a directory.
 */
const brokerDefaults = {
  brokerClusterName: 'DefaultCluster',
  brokerName: 'broker-a',
  brokerId: 0,
  brokerIP1: host,
  autoCreateTopicEnable: true,
  brokerRole: 'ASYNC_MASTER',
  flushDiskType: 'ASYNC_FLUSH',
  deleteWhen: '04',
  fileReservedTime: 48,
  diskMaxUsedSpaceRatio: 95,
  waitTimeMillsInSendQueue: 5_000,
  mappedFileSizeCommitLog: 67_108_864,
  maxHashSlotNum: 100_000,
  maxIndexNum: 400_000,
}

/** Takes another build of ours than this repository's. @param {string} main path of its main.js */
export function useBuild(main) {
  aerobeeMain = resolve(main)
}

/** Whether there is a build to test. */
export function isBuilt() {
  return existsSync(aerobeeMain)
}

/** @param {Config} config */
function properties(config) {
  return Object.entries(config)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}

/** A started server process and where it listens. */
export class Server {
  /**
   * @param {Child} child
   * @param {string} address
   */
  constructor(child, address) {
    this.child = child
    this.address = address
  }

  /** Clean stop. */
  async stop() {
    const how = await this.child.stop()
    if (!['exit code 0', 'exit code 143', 'signal SIGTERM'].includes(how)) {
      throw new Error(`${this.child.name} did not stop cleanly: ${how}\n${this.child.tail()}`)
    }
  }

  /** kill -9 */
  kill() {
    return this.child.kill()
  }
}

/** Starts servers in one suite's folder. */
export class Servers {
  /**
   * @param {string} dir
   * @param {string} logDir
   */
  constructor(dir, logDir) {
    this.dir = dir
    this.logDir = logDir
    /** @type {{ [kind in Kind]?: import('./tools.mjs').JavaServers }} what Apache's servers are started from */
    this.java = {}
    /** Whether Java servers take TLS beside plain connections. */
    this.tls = false
    this.count = 0
    /** @type {Child[]} every process ever started, for the report of a failure */
    this.children = []
  }

  /**
   * @param {string} name
   * @param {string} command
   * @param {string[]} args
   */
  spawn(name, command, args) {
    this.count += 1
    const child = new Child({
      name: `${this.count}-${name}`,
      command,
      args,
      logDir: this.logDir,
      cwd: this.dir,
    })
    this.children.push(child)
    return child
  }

  /**
   * @param {Kind} kind
   * @param {string} name
   * @param {string} mainClass
   * @param {string[]} args
   */
  spawnJava(kind, name, mainClass, args) {
    const java = this.java[kind]
    if (!java) throw new Error(`this suite did not ask for ${kind}`)
    const home = join(this.dir, 'home')
    // Servers of 4.x end when this is missing.
    mkdirSync(join(home, 'conf'), { recursive: true })
    for (const server of ['namesrv', 'broker'])
      writeFileSync(join(home, 'conf', `logback_${server}.xml`), '<configuration/>')
    const jvm = [
      ...java.jvm,
      '-XX:MaxDirectMemorySize=256m',
      `-Duser.home=${home}`,
      `-Drocketmq.home.dir=${home}`,
      // Otherwise each makes a certificate at its start, which takes a second.
      `-Dtls.server.mode=${this.tls ? 'permissive' : 'disabled'}`,
    ]
    return this.spawn(name, 'java', [...jvm, '-cp', `${java.jars}/*`, mainClass, ...args])
  }

  /** Ends every broker that still runs, after a case that failed half way. */
  async killBrokers() {
    const brokers = this.children.filter((child) => child.name.endsWith('-broker'))
    await Promise.all(brokers.map((child) => child.kill()))
  }

  /** @param {string} name @param {string[]} args */
  spawnAerobee(name, args) {
    return this.spawn(name, process.execPath, [aerobeeMain, ...args])
  }

  /**
   * @param {string} name
   * @param {Config} config
   */
  writeConfig(name, config) {
    const file = join(this.dir, `${name}.conf`)
    writeFileSync(file, properties(config))
    return file
  }

  /**
   * @param {Kind} kind
   * @param {{ port?: number }} [options]
   */
  async startNameServer(kind, options = {}) {
    const port = options.port ?? (await freePort())
    const address = `${host}:${port}`
    const name = `${kind}-namesrv`
    const conf = this.writeConfig(`${name}-${port}`, {
      listenPort: port,
      bindAddress: host,
      kvConfigPath: join(this.dir, `${name}-${port}-kv.json`),
      configStorePath: join(this.dir, `${name}-${port}.properties`),
    })
    const child =
      kind === 'aerobee'
        ? this.spawnAerobee(name, ['namesrv', '-c', conf])
        : this.spawnJava(kind, name, 'org.apache.rocketmq.namesrv.NamesrvStartup', ['-c', conf])
    await orItsEnd(child, waitUntilListening(address, startDeadlineMs))
    return new Server(child, address)
  }

  /**
   * @param {Kind} kind
   * @param {{ namesrv: string, store: string, port?: number, config?: Config }} options
   */
  async startBroker(kind, { namesrv, store, port, config }) {
    const listenPort = port ?? (await freePort([-2, 1]))
    const address = `${host}:${listenPort}`
    const name = `${kind}-broker`
    const conf = this.writeConfig(`${name}-${listenPort}`, {
      ...brokerDefaults,
      bindAddress: host,
      listenPort,
      haListenPort: listenPort + 1,
      storePathRootDir: store,
      storePathCommitLog: join(store, 'commitlog'),
      ...config,
    })
    const child =
      kind === 'aerobee'
        ? this.spawnAerobee(name, ['broker', '-n', namesrv, '-c', conf])
        : this.spawnJava(kind, name, 'org.apache.rocketmq.broker.BrokerStartup', ['-n', namesrv, '-c', conf])
    for (const one of namesrv.split(';'))
      await orItsEnd(child, waitUntilRegistered(one, address, startDeadlineMs))
    return new Server(child, address)
  }

  /**
   * Name server and broker together: with ours one `dev` process, or two when asked to; Apache's are always two.
   * @param {Kind} kind
   * @param {ClusterOptions} options
   */
  async startCluster(kind, options) {
    const cluster = new Cluster(this, kind, options)
    await cluster.start()
    return cluster
  }
}

/**
 * @typedef {object} ClusterOptions
 * @property {string} store
 * @property {boolean} [separate] two processes with ours too
 * @property {number} [namesrvPort]
 * @property {number} [brokerPort]
 * @property {Config} [config]
 */

/** A name server and a broker that a suite stops, kills and starts again on the same ports and the same directory. */
export class Cluster {
  /**
   * @param {Servers} servers
   * @param {Kind} kind
   * @param {ClusterOptions} options
   */
  constructor(servers, kind, options) {
    this.servers = servers
    this.kind = kind
    this.options = options
    this.namesrv = ''
    this.broker = ''
    /** @type {Server | undefined} */
    this.nameServerProcess = undefined
    /** @type {Server | undefined} what a restart replaces: the broker, or the `dev` process with both */
    this.brokerProcess = undefined
  }

  /** Starts what is not running: everything, or the broker after it was stopped or killed. */
  async start() {
    if (this.kind === 'aerobee' && !this.options.separate) await this.startDev()
    else await this.startSeparate()
  }

  async startDev() {
    const { store, config = {}, namesrvPort = 0, brokerPort = 0 } = this.options
    const args = ['dev', '--data', store, '--namesrv-port', `${portOf(this.namesrv) || namesrvPort}`]
    args.push('--broker-port', `${portOf(this.broker) || brokerPort}`, '--host', host, '--json')
    for (const [key, value] of Object.entries(config)) args.push(`--${key}`, `${value}`)
    const child = this.servers.spawnAerobee('aerobee-dev', args)
    const line = await child.waitForLine(() => true, startDeadlineMs, 'its first line of output')
    const ready = JSON.parse(line)
    if (ready.event !== 'ready')
      throw new Error(`the first line of dev --json is not the ready event: ${line}`)
    this.namesrv = ready.namesrv
    this.broker = ready.broker
    this.brokerProcess = new Server(child, this.broker)
  }

  async startSeparate() {
    const { store, config, namesrvPort, brokerPort } = this.options
    this.nameServerProcess ??= await this.servers.startNameServer(this.kind, { port: namesrvPort })
    this.namesrv = this.nameServerProcess.address
    const port = portOf(this.broker) || brokerPort || undefined
    this.brokerProcess = await this.servers.startBroker(this.kind, {
      namesrv: this.namesrv,
      store,
      port,
      config,
    })
    this.broker = this.brokerProcess.address
  }

  async stopBroker() {
    await this.brokerProcess?.stop()
  }

  async killBroker() {
    await this.brokerProcess?.kill()
  }

  async stop() {
    await this.brokerProcess?.stop()
    await this.nameServerProcess?.stop()
  }
}

/** @param {string} address */
function portOf(address) {
  return Number(address.split(':')[1] ?? 0)
}

/**
 * Waits for a condition, or fails at once when the process ends first.
 * @template T
 * @param {Child} child
 * @param {Promise<T>} condition
 */
function orItsEnd(child, condition) {
  condition.catch(() => {})
  const ended = child.exited.then((how) => {
    throw new Error(`${child.name} ended while starting: ${how}\n${child.tail()}`)
  })
  ended.catch(() => {})
  return Promise.race([condition, ended])
}
