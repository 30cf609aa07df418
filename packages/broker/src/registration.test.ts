import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { seededRandom } from '@aerobee/base'
import { type Connection, Dispatcher, RemotingServer, serve, success } from '@aerobee/net'
import { listLogger, MemoryNetwork, VirtualClock } from '@aerobee/testkit'
import { bodies, commands, decodeFrame, type Frame } from '@aerobee/wire'
import { advertisedAddress } from './advertised.js'
import type { BrokerConfig } from './config-keys.js'
import { defaultConfig, MemoryFile } from './fakes.test.js'
import { NameServerRegistration } from './registration.js'
import { newTopicConfig, TopicTable } from './topics.js'

/** A name server that writes down what it is told. */
class Witness {
  readonly told: string[] = []
  readonly frames: Frame[] = []
  readonly #server: RemotingServer
  #connection: Connection | undefined
  version: bodies.DataVersion = bodies.noDataVersion()
  /** Ordered topics it answers with. */
  ordered: Record<string, string> | undefined
  silent = false

  constructor(network: MemoryNetwork, clock: VirtualClock, host: string) {
    const registrations = [
      serve(commands.registerBroker, ({ request, frame, connection }) => {
        this.#connection = connection
        this.#keep(frame)
        assert.equal(request.bodyCrc32, bodies.registrationCrc32(frame.body))
        const body = bodies.decodeRegisterBrokerBody(frame.body, {
          compressed: false,
          senderVersion: frame.version,
        })
        assert.ok(body.ok)
        const { topicConfigTable, dataVersion } = body.value.topicConfigSerializeWrapper
        const all = topicConfigTable.has('TBW102')
        const own = [...topicConfigTable.values()].filter(({ topicName }) => topicName.startsWith('Topic'))
        const names = own.map(({ topicName, perm }) => `${topicName}:${perm}`)
        this.told.push(`${all ? 'all' : 'some'} ${request.brokerAddr} ${names.join(' ')}`.trim())
        this.version = dataVersion
        if (this.silent) return undefined
        return success({}, this.ordered ? bodies.kvTable.encode({ table: this.ordered }) : null)
      }),
      serve(commands.queryDataVersion, ({ frame }) => {
        this.#keep(frame)
        const asked = bodies.dataVersion.decode(frame.body)
        const changed = !asked.ok || asked.value.counter !== this.version.counter
        this.told.push(`changed? ${changed}`)
        return success({ changed })
      }),
      serve(commands.unregisterBroker, ({ request, frame }) => {
        this.#keep(frame)
        this.told.push(`bye ${request.brokerName} ${request.brokerAddr}`)
        return success()
      }),
    ]
    this.#server = new RemotingServer({
      transport: network.transport(host),
      clock,
      logger: listLogger([]),
      dispatcher: new Dispatcher({
        receiver: 'nameServer',
        commands: registrations.map(({ command }) => command),
        registrations,
        logger: listLogger([]),
      }),
    })
  }

  #keep(frame: Frame): void {
    this.frames.push({ ...frame, body: Buffer.from(frame.body) })
  }

  async listen(): Promise<void> {
    await this.#server.listen({ host: '0.0.0.0', port: 9876 })
  }

  drop(): void {
    this.#connection?.close('the test says so')
  }

  close(): Promise<void> {
    return this.#server.close()
  }

  take(): string[] {
    return this.told.splice(0)
  }
}

async function scene(config: Partial<BrokerConfig> = {}, hosts: readonly string[] = ['10.0.1.1']) {
  const clock = new VirtualClock()
  const network = new MemoryNetwork(clock)
  const log: string[] = []
  const logger = listLogger(log)
  const settings = defaultConfig({ namesrvAddr: hosts.map((host) => `${host}:9876`).join(';'), ...config })
  const topics = new TopicTable({
    settings,
    clock,
    logger,
    file: new MemoryFile(),
    onChange: (changed) => registration.topicsChanged(changed),
  })
  const registration: NameServerRegistration = new NameServerRegistration({
    config: settings,
    clock,
    random: seededRandom(1),
    logger,
    transport: network.transport('10.0.0.1'),
    topics,
    advertisedFor: advertisedAddress({ ...settings, logger }),
  })
  const nameServers = hosts.map((host) => new Witness(network, clock, host))
  const [first] = nameServers as [Witness, ...Witness[]]
  topics.put([newTopicConfig('TopicA', 4, 6)])
  const start = () => clock.resolve(registration.start())
  const stop = async () => {
    await clock.resolve(registration.stop())
    await clock.resolve(Promise.all(nameServers.map((server) => server.close())))
    await clock.settle()
    assert.equal(clock.timers - network.timers, 0)
  }
  return { clock, network, log, topics, registration, settings, nameServers, first, start, stop }
}

test('a broker is registered with all its topics when the start resolves, and unregistered when it stops', async () => {
  const s = await scene()
  await s.first.listen()
  await s.start()
  assert.deepEqual(s.first.take(), ['all 10.0.0.1:10911 TopicA:6'])
  await s.stop()
  assert.deepEqual(s.first.take(), ['bye broker-a 10.0.0.1:10911'])
})

test('brokerIP1 is advertised where it is given', async () => {
  const s = await scene({ brokerIP1: '192.0.2.7' })
  await s.first.listen()
  await s.start()
  assert.deepEqual(s.first.take(), ['all 192.0.2.7:10911 TopicA:6'])
  await s.stop()
})

test('a new topic is announced alone and at once, before announced() resolves', async () => {
  const s = await scene()
  await s.first.listen()
  await s.start()
  s.first.take()
  s.topics.put([newTopicConfig('TopicB', 1, 6)])
  s.topics.put([newTopicConfig('TopicC', 1, 4)])
  const before = s.clock.wallMs()
  await s.clock.resolve(s.registration.announced())
  assert.deepEqual(s.first.take(), ['some 10.0.0.1:10911 TopicB:6 TopicC:4'])
  assert.equal(s.clock.wallMs(), before)
  assert.equal(s.first.version.counter, s.topics.dataVersion.counter)
  await s.stop()
})

test('everything is registered again each registerNameServerPeriod, clamped to [10 s, 60 s]', async () => {
  const s = await scene({ registerNameServerPeriod: 1 })
  await s.first.listen()
  await s.start()
  s.first.take()
  await s.clock.advance(10_000)
  assert.equal(s.first.take().length, 1)
  s.settings.registerNameServerPeriod = 3_000_000
  await s.clock.advance(10_000)
  assert.equal(s.first.take().length, 1)
  await s.clock.advance(59_999)
  assert.equal(s.first.take().length, 0)
  await s.clock.advance(1)
  assert.deepEqual(s.first.take(), ['all 10.0.0.1:10911 TopicA:6'])
  await s.stop()
})

test('with forceRegister=false the data version is asked for first, and topics follow only where it differs', async () => {
  const s = await scene({ forceRegister: false })
  await s.first.listen()
  await s.start()
  s.first.take()
  await s.clock.advance(30_000)
  assert.deepEqual(s.first.take(), ['changed? false'])
  s.first.version = bodies.noDataVersion()
  await s.clock.advance(30_000)
  assert.deepEqual(s.first.take(), ['changed? true', 'all 10.0.0.1:10911 TopicA:6'])
  await s.stop()
})

test('a name server that comes up later is found within 5 s, and the start does not wait for it', async () => {
  const s = await scene({}, ['10.0.1.1', '10.0.1.2'])
  const [first, second] = s.nameServers as [Witness, Witness]
  await first.listen()
  const before = s.clock.wallMs()
  await s.start()
  assert.equal(s.clock.wallMs(), before)
  assert.equal(first.take().length, 1)
  await s.clock.advance(300_000)
  await second.listen()
  await s.clock.advance(5000)
  assert.deepEqual(second.take(), ['all 10.0.0.1:10911 TopicA:6'])
  const warnings = s.log.filter((line) => line.startsWith('warn'))
  assert.ok(warnings.length >= 1 && warnings.length < 10, warnings.join('\n'))
  await s.stop()
})

test('a name server that lost its connection is told everything again', async () => {
  const s = await scene()
  await s.first.listen()
  await s.start()
  s.first.take()
  s.first.drop()
  await s.clock.advance(5000)
  assert.deepEqual(s.first.take(), ['all 10.0.0.1:10911 TopicA:6'])
  await s.stop()
})

test('a name server that cannot be reached holds up neither another one nor announced()', async () => {
  const s = await scene({}, ['10.0.1.1', '10.0.1.2'])
  const [first, second] = s.nameServers as [Witness, Witness]
  await first.listen()
  await second.listen()
  await s.start()
  await s.clock.advance(1000)
  s.network.cut('10.0.0.1', '10.0.1.2')
  first.take()
  s.topics.put([newTopicConfig('TopicB', 1, 6)])
  const before = s.clock.wallMs()
  await s.clock.resolve(s.registration.announced())
  assert.deepEqual(first.take(), ['some 10.0.0.1:10911 TopicB:6'])
  assert.equal(s.clock.wallMs() - before, 3000)
  s.network.heal('10.0.0.1', '10.0.1.2')
  await s.clock.advance(60_000)
  assert.ok(second.take().some((line) => line.includes('TopicB:6')))
  await s.stop()
})

test('the start resolves with a warning after 3 s when the name server does not answer', async () => {
  const s = await scene({ registerBrokerTimeoutMills: 4000 })
  s.first.silent = true
  await s.first.listen()
  const before = s.clock.wallMs()
  await s.start()
  assert.equal(s.clock.wallMs() - before, 3000)
  assert.ok(
    s.log.some((line) => line.startsWith('warn no name server of 10.0.1.1:9876 knows this broker yet')),
  )
  s.first.silent = false
  await s.clock.advance(10_000)
  assert.ok(s.first.take().length >= 2)
  await s.stop()
})

test('the start resolves at once with a warning when no name server is configured', async () => {
  const s = await scene({ namesrvAddr: '' })
  await s.start()
  assert.ok(s.log.some((line) => line.startsWith('warn namesrvAddr is empty')))
  await s.stop()
})

test('topics that the name server lists as ordered become ordered, and stay so', async () => {
  const s = await scene()
  s.first.ordered = { TopicA: 'broker-a:4', TopicElsewhere: 'broker-b:4' }
  await s.first.listen()
  await s.start()
  await s.clock.resolve(s.registration.announced())
  assert.equal(s.topics.find('TopicA')?.order, true)
  assert.equal(s.topics.find('TopicElsewhere'), undefined)
  s.first.ordered = {}
  await s.clock.advance(30_000)
  assert.equal(s.topics.find('TopicA')?.order, true)
  await s.stop()
})

test('a broker without write permission shows all topics without it', async () => {
  const s = await scene({ brokerPermission: 4 })
  await s.first.listen()
  await s.start()
  assert.deepEqual(s.first.take(), ['all 10.0.0.1:10911 TopicA:4'])
  s.settings.brokerPermission = 6
  s.registration.announceAll()
  await s.clock.resolve(s.registration.announced())
  assert.deepEqual(s.first.take(), ['all 10.0.0.1:10911 TopicA:6'])
  await s.stop()
})

test('requests carry the fields and the body of those that a Java broker sends', async () => {
  const s = await scene({ forceRegister: false })
  await s.first.listen()
  await s.start()
  await s.clock.advance(30_000)
  await s.stop()
  for (const code of [103, 322, 104]) {
    const java = capturedRequest(code)
    const ours = s.first.frames.find((frame) => frame.code === code)
    assert.ok(ours)
    assert.deepEqual(shapeOf(ours), shapeOf(java), `request ${code}`)
  }
})

function capturedRequest(code: number): Frame {
  const text = readFileSync(new URL('../testdata/broker-to-namesrv.jsonl', import.meta.url), 'utf8')
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { direction: string; code: number; frameHex: string })
  const line = lines.find((entry) => entry.direction === 'request' && entry.code === code)
  assert.ok(line)
  const frame = decodeFrame(Buffer.from(line.frameHex, 'hex'))
  assert.ok(frame.ok)
  return frame.value
}

/** Names of the fields, and of a body its keys two levels deep, with those of one topic. */
function shapeOf(frame: Frame): unknown {
  const fields = Object.keys(frame.extFields ?? {}).sort()
  if (frame.body.length === 0) return { fields, body: undefined }
  const body = JSON.parse(Buffer.from(frame.body).toString())
  const table = body.topicConfigSerializeWrapper
  if (!table) return { fields, body: Object.keys(body) }
  const { filterServerList } = body
  const topic = Object.keys(table.topicConfigTable.SELF_TEST_TOPIC)
  return { fields, body: Object.keys(body), filterServerList, table: Object.keys(table), topic }
}
