import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Producer, PushConsumer } from '@aerobee/client'

/** The command as users start it: processes of their own, real ports, real signals. */

const command = fileURLToPath(new URL('../bin/aerobee.js', import.meta.url))
const timeout = 60_000
const root = mkdtempSync(join(tmpdir(), 'aerobee-cli-'))
const running = new Set<ChildProcess>()

after(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(root, { recursive: true, force: true })
})

interface Ended {
  code: number | null
  signal: string | null
  stdout: string
  stderr: string
}

class Started {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  stdout = ''
  stderr = ''
  #whenOutput = () => {}

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const { PATH = '', HOME = root } = process.env
    this.child = spawn(process.execPath, [command, ...args], {
      cwd: root,
      env: { PATH, HOME, AEROBEE_LOG_FORMAT: 'text', ...environment },
    })
    running.add(this.child)
    this.child.stdout!.on('data', (chunk) => {
      this.stdout += chunk
      this.#whenOutput()
    })
    this.child.stderr!.on('data', (chunk) => {
      this.stderr += chunk
      this.#whenOutput()
    })
    this.ended = new Promise((resolve) =>
      this.child.on('close', (code, signal) => {
        running.delete(this.child)
        this.#whenOutput()
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr })
      }),
    )
  }

  /** Resolves when the output matches, rejects when the process ends before. */
  async until(pattern: RegExp, of: 'stdout' | 'stderr' = 'stdout'): Promise<void> {
    while (!pattern.test(this[of])) {
      if (!running.has(this.child)) assert.fail(`ended before ${pattern}: ${this.stdout}${this.stderr}`)
      await new Promise<void>((resolve) => {
        this.#whenOutput = resolve
      })
    }
  }
}

const run = (args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Ended> =>
  new Started(args, environment).ended

interface Ready {
  event: string
  namesrv: string
  broker: string
  pid: number
  startupMs: number
}

async function dev(directory: string, ...more: string[]): Promise<{ process: Started; ready: Ready }> {
  const args = ['dev', '--data', directory, '--namesrv-port', '0', '--broker-port', '0', '--json']
  const process = new Started([...args, '--mappedFileSizeCommitLog', '1048576', ...more])
  await process.until(/\n/)
  return { process, ready: JSON.parse(process.stdout.split('\n')[0]!) }
}

async function send(namesrvAddr: string, bodies: readonly string[]): Promise<void> {
  await using producer = await new Producer({ namesrvAddr, producerGroup: 'p' }).start()
  for (const body of bodies) assert.equal((await producer.send({ topic: 't', body })).status, 'SEND_OK')
}

async function receive(namesrvAddr: string, count: number): Promise<string[]> {
  await using consumer = new PushConsumer({ namesrvAddr, consumerGroup: 'c', from: 'earliest' })
  consumer.subscribe('t')
  const got: string[] = []
  await new Promise<void>((resolve, reject) => {
    const running = consumer.run((message) => {
      got.push(message.text())
      if (got.length === count) resolve()
    })
    running.catch(reject)
  })
  return got.sort()
}

/** The one line that tells what is wrong, without log lines before it. */
function refusal({ code, stdout, stderr }: Ended): string {
  assert.equal(code, 1, stderr)
  assert.equal(stdout, '')
  const lines = stderr.trimEnd().split('\n')
  const own = lines.filter((line) => line.startsWith('aerobee: '))
  assert.equal(own.length, 1, stderr)
  assert.equal(lines.at(-1), own[0], stderr)
  return own[0]!.slice('aerobee: '.length)
}

test('dev --json prints one object first, serves at once, and ends cleanly on SIGTERM', {
  timeout,
}, async () => {
  const directory = join(root, 'clean')
  const { process, ready } = await dev(directory)
  assert.deepEqual(Object.keys(ready), ['event', 'namesrv', 'broker', 'pid', 'startupMs'])
  assert.equal(ready.event, 'ready')
  assert.equal(ready.pid, process.child.pid)
  assert.match(ready.namesrv, /^127\.0\.0\.1:\d+$/)
  assert.match(ready.broker, /^127\.0\.0\.1:\d+$/)
  assert.ok(ready.startupMs > 0 && ready.startupMs < 60_000)
  await send(ready.namesrv, ['a', 'b'])
  const marker = join(directory, 'store/abort')
  assert.ok(existsSync(marker))
  process.child.kill('SIGTERM')
  const { code, signal, stdout } = await process.ended
  assert.deepEqual({ code, signal }, { code: 0, signal: null })
  assert.equal(stdout.split('\n').length, 2)
  assert.equal(existsSync(marker), false)
  assert.deepEqual(readdirSync(join(directory, 'store/lock.holders')), [])
})

test('a second signal does not wait for the end', { timeout }, async () => {
  const { process, ready } = await dev(
    join(root, 'forced'),
    '--enableShutdownGracefully',
    'true',
    '--shutdownWaitTimeSeconds',
    '60',
  )
  // A connection that stays keeps the broker in its go-away phase.
  const [host, port] = ready.broker.split(':')
  const socket = connect({ host: host!, port: Number(port) })
  socket.on('error', () => {})
  await new Promise<void>((resolve) => socket.on('connect', () => resolve()))
  process.child.kill('SIGINT')
  await process.until(/press Ctrl-C again to force/, 'stderr')
  process.child.kill('SIGINT')
  const { code, stderr } = await process.ended
  assert.equal(code, 130)
  assert.match(stderr, /forced to stop/)
  socket.destroy()
})

test('after kill -9 everything is there, and nobody has to clean up', { timeout }, async () => {
  const directory = join(root, 'killed')
  const first = await dev(directory)
  await send(first.ready.namesrv, ['a', 'b', 'c'])
  first.process.child.kill('SIGKILL')
  assert.equal((await first.process.ended).signal, 'SIGKILL')
  const second = await dev(directory)
  await send(second.ready.namesrv, ['d'])
  assert.deepEqual(await receive(second.ready.namesrv, 4), ['a', 'b', 'c', 'd'])
  second.process.child.kill('SIGTERM')
  assert.equal((await second.process.ended).code, 0)
})

test('a second start on the same data says who has it; a taken port is named', { timeout }, async () => {
  const directory = join(root, 'shared')
  const { process, ready } = await dev(directory)
  const args = ['dev', '--json', '--namesrv-port', '0', '--broker-port', '0', '--data']
  const namesrvPort = ready.namesrv.split(':')[1]!
  const brokerPort = Number(ready.broker.split(':')[1])
  const above = brokerPort + 2
  const [locked, port, fastPort, namesrv] = await Promise.all([
    run([...args, directory]),
    run([...args, join(root, 'other'), '--namesrv-port', namesrvPort]),
    run([...args, join(root, 'another'), '--broker-port', String(above)]),
    run(['namesrv', '--listenPort', namesrvPort, '--bindAddress', '127.0.0.1']),
  ])
  assert.match(refusal(locked), new RegExp(`in use by process ${ready.pid}\\. Stop it first`))
  assert.match(refusal(port), new RegExp(`127\\.0\\.0\\.1:${namesrvPort}.*(in use|taken)`))
  // Another process of this machine may have the port above.
  assert.match(refusal(fastPort), new RegExp(`127\\.0\\.0\\.1:(${brokerPort}|${above}).*(in use|taken)`))
  assert.match(refusal(namesrv), new RegExp(`127\\.0\\.0\\.1:${namesrvPort}.*(in use|taken)`))
  await send(ready.namesrv, ['still there'])
  process.child.kill('SIGTERM')
  assert.equal((await process.ended).code, 0)
})

test('what cannot be accepted is one line with key, value, range, nearest key, and its source', {
  timeout,
}, async () => {
  writeFileSync(join(root, 'type.conf'), 'traceOn=perhaps\n')
  const cases: [string[], Record<string, string>, RegExp][] = [
    [
      ['broker', '--listnPort', '5'],
      {},
      /^command line: unknown key listnPort=5; did you mean listenPort\?$/,
    ],
    [['broker', '--listenPort', '70000'], {}, /^command line: listenPort=70000 .* \[0, 65535\]$/],
    [['broker', '-c', 'type.conf'], {}, /^type\.conf: traceOn=perhaps .* true or false$/],
    [['broker', '-c', 'none.conf'], {}, /^none\.conf: no such file/],
    [['namesrv'], { AEROBEE_LISTEN_PORT: '-1' }, /^environment: listenPort=-1 .* \[0, 65535\]$/],
    [['dev', '--namesrv-port', '0'], { AEROBEE_LISTN_PORT: '1' }, /^environment: unknown key LISTN_PORT=1/],
    [['namesrv', '--enableControllerInNamesrv', 'true'], {}, /there is no controller yet/],
    [['dev', '--namesrv-port', '0', '--flushDiskTyp', 'x'], {}, /did you mean flushDiskType\?$/],
  ]
  const ended = await Promise.all(cases.map(([args, environment]) => run(args, environment)))
  for (const [i, [args, , expected]] of cases.entries()) {
    assert.match(refusal(ended[i]!), expected, args.join(' '))
    // Nothing was started.
    assert.equal(ended[i]!.stderr.split('\n').length, 2, ended[i]!.stderr)
  }
})

test('a flag wins over the environment, the environment over the file, the file over the default', {
  timeout,
}, async () => {
  writeFileSync(join(root, 'b.conf'), 'brokerName=file\nbrokerClusterName=file\nfileReservedTime=48\n')
  const environment = { AEROBEE_BROKER_NAME: 'environment', AEROBEE_brokerClusterName: 'environment' }
  const args = ['broker', '-c', 'b.conf', '-n', '10.0.0.1:9876', '--brokerName', 'flag', '-p']
  const [broker, namesrv] = await Promise.all([
    run(args, environment),
    run(['namesrv', '-p'], { AEROBEE_LISTEN_PORT: '9999' }),
  ])
  assert.equal(broker.code, 0)
  const lines = broker.stdout.split('\n')
  for (const line of [
    'brokerName=flag',
    'brokerClusterName=environment',
    'fileReservedTime=48',
    'deleteWhen=04',
    'listenPort=10911',
    'namesrvAddr=10.0.0.1:9876',
  ])
    assert.ok(lines.includes(line), line)
  assert.equal(namesrv.code, 0)
  assert.ok(namesrv.stdout.split('\n').includes('listenPort=9999'))
})

test('keys of RocketMQ without effect here are accepted with one warning each', { timeout }, async () => {
  writeFileSync(join(root, 'unused.conf'), 'sendMessageThreadPoolNums=8\ntransientStorePoolEnable=true\n')
  const broker = new Started([
    'broker',
    '-c',
    'unused.conf',
    '--storePathRootDir',
    join(root, 'unused'),
    '--listenPort',
    '0',
    '--mappedFileSizeCommitLog',
    '65536',
    '--brokerName',
    'b',
  ])
  await broker.until(/The broker\[b, 0\.0\.0\.0:\d+\] boot success/)
  const warnings = broker.stderr.split('\n').filter((line) => line.includes('without effect here'))
  assert.equal(warnings.length, 2)
  assert.match(warnings[0]!, /unused\.conf: sendMessageThreadPoolNums=8/)
  broker.child.kill('SIGTERM')
  assert.equal((await broker.ended).code, 0)
})

test('dead letters are listed, sent again and exported from the command line', { timeout }, async () => {
  const { process, ready } = await dev(join(root, 'dead'))
  const at = ['--group', 'c', '-n', ready.namesrv]
  const none = await run(['dlq', 'list', ...at])
  assert.deepEqual([none.code, none.stdout, none.stderr], [0, '', '0 dead letters of group c\n'])
  await using consumer = new PushConsumer({
    namesrvAddr: ready.namesrv,
    consumerGroup: 'c',
    from: 'earliest',
    maxReconsumeTimes: 0,
  })
  await send(ready.namesrv, ['sick'])
  consumer.subscribe('t')
  const failed = new Promise<void>((resolve) => {
    void consumer.run(() => {
      resolve()
      throw new Error('never')
    })
  })
  await failed
  let letters: string[] = []
  while (letters.length === 0)
    letters = (await run(['dlq', 'export', ...at])).stdout.trim().split('\n').filter(Boolean)
  const letter = JSON.parse(letters[0]!)
  assert.deepEqual([letter.body, letter.originTopic, letter.reconsumeTimes], ['sick', 't', 1])
  const list = await run(['dlq', 'list', ...at])
  assert.match(list.stdout, new RegExp(`^ID\t.*\n${letter.messageId}\tt\t1\t`))
  const resent = await run(['dlq', 'resend', '--id', letter.messageId, ...at])
  assert.match(resent.stdout, new RegExp(`^${letter.messageId}\tt\tSEND_OK\t`))
  assert.match(refusal(await run(['dlq', 'resend', ...at])), /--id ID \(several times\) or --all$/)
  process.child.kill('SIGTERM')
  await process.ended
})

test('a demo that is interrupted leaves nothing behind', { timeout }, async () => {
  const place = mkdtempSync(join(root, 'demo-'))
  const demo = new Started(['demo'], { TMPDIR: place })
  await demo.until(/data in /)
  demo.child.kill('SIGINT')
  const { code, stderr } = await demo.ended
  assert.deepEqual([code, stderr, readdirSync(place)], [130, '', []])
})

test('--help of each command shows examples', { timeout }, async () => {
  const commands = ['dev', 'namesrv', 'broker', 'dlq']
  const ended = await Promise.all([...commands.map((name) => run([name, '--help'])), run(['--help'])])
  for (const [i, name] of commands.entries()) {
    assert.equal(ended[i]!.code, 0)
    assert.match(ended[i]!.stdout, new RegExp(`Examples:\\n  aerobee ${name}`))
  }
  for (const name of commands) assert.match(ended.at(-1)!.stdout, new RegExp(`^ {2}${name} `, 'm'))
})
