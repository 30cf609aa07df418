/**
 * Measures @aerobee/client against our broker, and its producer beside the Java client's in the same run:
 *
 *   node bench/client.mjs [--only producer,consumer,memory,package] [--seconds 5] [--rounds 3]
 *
 * producer   128-byte sends, 512 in flight: rate, and messages for each second of the client's CPU; Java: 5.3.3
 * consumer   push consumer with an empty listener on a backlog of two million 128-byte messages
 * memory     growth of a push consumer with 64 queues cached to their thresholds
 * package    import time, and packed size with the @aerobee packages it needs
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { release } from '../scripts/release.mjs'
import { killChildren, runJob } from './lib/children.mjs'
import { encodeFrame, opaqueBase, requestHeader } from './lib/frames.mjs'
import { table } from './lib/report.mjs'
import { callOnce } from './lib/send-window.mjs'
import { apache, oursPeer } from './peers/index.mjs'

const clients = fileURLToPath(new URL('clients/', import.meta.url))
const bodyBytes = 128
const inFlight = 512
const backlog = 2_000_000
const cachedQueues = 64
/** Packages that a user of the client installs. */
const installed = ['base', 'wire', 'net', 'filter', 'client']

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'producer,consumer,memory,package' },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
  },
})
const workDir = mkdtempSync(join(tmpdir(), 'aerobee-client-bench-'))
process.once('exit', () => {
  killChildren()
  rmSync(workDir, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))

/** The last line of a program's output, which is JSON. @param {string} command @param {string[]} args @returns {any} */
function outcomeOf(command, args) {
  const text = execFileSync(command, args, {
    encoding: 'utf8',
    timeout: 300_000,
    stdio: ['ignore', 'pipe', 2],
  })
  return JSON.parse(text.trim().split('\n').at(-1) ?? '')
}

/** @param {string} name @param {...(string | number)} args @returns {any} */
const ours = (name, ...args) => outcomeOf(process.execPath, [join(clients, name), ...args.map(String)])

/** @param {number[]} figures */
const median = (figures) => figures.toSorted((a, b) => a - b)[figures.length >> 1] ?? Number.NaN

/** @param {any[]} outcomes of the rounds of one client */
const summary = (outcomes) => ({
  perSecond: median(outcomes.map(({ messages, seconds }) => messages / seconds)),
  perCpuSecond: median(outcomes.map(({ messages, cpuSeconds }) => messages / cpuSeconds)),
  failed: outcomes.reduce((sum, { failed = 0 }) => sum + failed, 0),
})

const eachRound = Array.from({ length: Number(values.rounds) })

/** @param {any} broker @param {string} topic @param {number} queues */
async function createTopic(broker, topic, queues) {
  const fields = {
    topic,
    defaultTopic: 'TBW102',
    readQueueNums: String(queues),
    writeQueueNums: String(queues),
    perm: '6',
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: '0',
    order: 'false',
  }
  const answer = await callOnce(broker, encodeFrame(requestHeader(17, fields, opaqueBase)))
  if (answer.code !== 0) throw new Error(`topic ${topic} could not be made: ${answer.remark}`)
}

/** @returns {string | undefined} why the Java client cannot be measured; else its classes are ready in `workDir` */
function compileJava() {
  const peer = apache(workDir)
  const missing = peer.missing()
  if (missing !== null) return missing
  const { status } = spawnSync(
    'javac',
    ['-cp', join(peer.jars(), '*'), '-d', workDir, join(clients, 'Producing.java')],
    { stdio: ['ignore', 2, 2] },
  )
  return status === 0 ? undefined : 'javac failed'
}

/** The two clients in turn, so that what disturbs one disturbs the other. @param {any} broker @param {string[][]} rows */
async function producer(broker, rows) {
  const topic = 'BenchProducer'
  await createTopic(broker, topic, 8)
  const missing = compileJava()
  if (missing !== undefined) console.error(`the Java client is left out: ${missing}`)
  const args = (/** @type {number} */ warmup) =>
    [broker.namesrv, topic, warmup, values.seconds, inFlight, bodyBytes].map(String)
  const classPath = `${workDir}:${join(apache(workDir).jars(), '*')}`
  const javaFlags = ['-Xms512m', '-Xmx512m', `-Duser.home=${workDir}`, '-cp', classPath, 'Producing']
  const own = []
  const java = []
  for (const _ of eachRound) {
    own.push(ours('producer.mjs', ...args(3)))
    if (missing === undefined) java.push(outcomeOf('java', [...javaFlags, ...args(15)]))
  }
  for (const [name, outcomes] of Object.entries({ producer: own, 'Java producer': java })) {
    if (outcomes.length === 0) continue
    const { perSecond, perCpuSecond, failed } = summary(outcomes)
    rows.push([name, 'messages per second', thousands(perSecond), '', ''])
    rows.push([name, 'messages per client CPU second', thousands(perCpuSecond), '', ''])
    if (failed > 0) rows.push([name, 'failed', String(failed), '0', 'MISSED'])
  }
  if (java.length === 0) return
  const perCpu = (/** @type {any} */ { messages, cpuSeconds }) => messages / cpuSeconds
  const ratio = median(own.map((outcome, i) => perCpu(outcome) / perCpu(java[i])))
  rows.push(['producer', 'times Java per CPU second', ratio.toFixed(2), '>= 1.5', met(ratio >= 1.5)])
}

/** @param {any} broker @param {string[][]} rows */
async function consumer(broker, rows) {
  const topic = 'BenchConsumer'
  const load = { connections: 1, inFlight: 64, batch: 16, bodyBytes, messages: backlog }
  const fill = { ...broker, brokerPid: broker.pid, topic, ...load, warmupMs: 0, measureMs: 120_000 }
  await runJob('send', { ...fill, stop: undefined }, 150_000)
  const { perSecond, perCpuSecond } = summary(
    eachRound.map(() => ours('consumer.mjs', broker.namesrv, topic, backlog)),
  )
  rows.push([
    'push consumer',
    'messages per second',
    thousands(perSecond),
    '>= 200,000',
    met(perSecond >= 200_000),
  ])
  rows.push(['push consumer', 'messages per client CPU second', thousands(perCpuSecond), '', ''])
}

/** @param {any} broker @param {string[][]} rows */
async function memory(broker, rows) {
  const topic = 'BenchCached'
  await createTopic(broker, topic, cachedQueues)
  ours('producer.mjs', broker.namesrv, topic, 0, 4, inFlight, bodyBytes)
  const { beforeMiB, peakMiB } = ours('cached-queues.mjs', broker.namesrv, topic, cachedQueues)
  const growth = peakMiB - beforeMiB
  rows.push([
    'push consumer',
    `MiB more with ${cachedQueues} queues cached`,
    growth.toFixed(1),
    '< 100',
    met(growth < 100),
  ])
}

/** @param {string[][]} rows */
async function packaged(rows) {
  await release()
  const app = join(workDir, 'app')
  mkdirSync(app)
  const archives = installed.map((name) => {
    const folder = fileURLToPath(new URL(`../release/${name}`, import.meta.url))
    const file = execFileSync('npm', ['pack', '--silent', '--pack-destination', app], {
      cwd: folder,
      encoding: 'utf8',
    })
    return join(app, file.trim())
  })
  const kilobytes = archives.reduce((sum, file) => sum + statSync(file).size, 0) / 1000
  rows.push([
    'package',
    'kB packed, with the packages it needs',
    kilobytes.toFixed(0),
    '< 300',
    met(kilobytes < 300),
  ])
  writeFileSync(join(app, 'package.json'), '{"name":"app","private":true,"type":"module"}')
  execFileSync('npm', ['install', '--silent', '--offline', '--no-audit', ...archives], { cwd: app })
  const program = join(app, 'import.js')
  writeFileSync(
    program,
    "const begin = performance.now()\nawait import('@aerobee/client')\nconsole.log(performance.now() - begin)\n",
  )
  const times = Array.from({ length: 15 }, () => Number(outcomeOf(process.execPath, [program])))
  const importMs = median(times)
  rows.push(['package', 'ms to import, median of 15', importMs.toFixed(1), '< 60', met(importMs < 60)])
}

const met = (/** @type {boolean} */ is) => (is ? 'reached' : 'MISSED')
const thousands = (/** @type {number} */ figure) => Math.round(figure).toLocaleString('en-US')

/** @type {Record<string, (broker: any, rows: string[][]) => Promise<void>>} */
const onBroker = { producer, consumer, memory }
const rows = [['what', 'figure', 'value', 'target', '']]
const wanted = String(values.only).split(',')
if (wanted.some((name) => name in onBroker)) {
  const peer = oursPeer(workDir)
  const missing = peer.missing()
  if (missing !== null) throw new Error(missing)
  const broker = await peer.start()
  for (const [name, measure] of Object.entries(onBroker)) {
    if (wanted.includes(name)) await measure(broker, rows)
  }
  await broker.stop()
}
if (wanted.includes('package')) await packaged(rows)
console.log(table(rows))
