import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AerobeeError, seededRandom, silentLogger } from '@aerobee/base'
import { ConnectionPool } from '@aerobee/net'
import { FaultFileSystem, MemoryNetwork, VirtualClock } from '@aerobee/testkit'
import { commands, decodeRecords } from '@aerobee/wire'
import { type Broker, startBroker } from './broker.js'
import type { BrokerConfig } from './config-keys.js'
import { defaultConfig } from './fakes.test.js'

const sizes = { mappedFileSizeCommitLog: 1024 * 1024, maxHashSlotNum: 100, maxIndexNum: 400 }
const server = '10.0.0.1'

function scene(fileSystem = new FaultFileSystem({ seed: 1 })) {
  const clock = new VirtualClock()
  const network = new MemoryNetwork(clock)
  const warnings: string[] = []
  const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) }
  const start = (more: Partial<BrokerConfig> = {}): Promise<Broker> =>
    clock.resolve(
      startBroker({
        config: defaultConfig({ storePathRootDir: '/store', ...sizes, ...more }),
        clock,
        fileSystem,
        transport: network.transport(server),
        random: seededRandom(1),
        logger,
      }),
    )
  const client = new ConnectionPool({ transport: network.transport('10.0.0.2'), clock, logger: silentLogger })
  return { clock, network, fileSystem, warnings, start, client }
}

const sendFields = {
  producerGroup: 'P',
  topic: 'T',
  defaultTopic: 'TBW102',
  defaultTopicQueueNums: 1,
  queueId: 0,
  sysFlag: 0,
  bornTimestamp: 0,
  flag: 0,
}
const pullFields = {
  consumerGroup: 'G',
  topic: 'T',
  queueId: 0,
  queueOffset: 0,
  maxMsgNums: 32,
  sysFlag: 4,
  commitOffset: 0,
  suspendTimeoutMillis: 0,
  subVersion: 0,
  subscription: '*',
}

type TestScene = ReturnType<typeof scene>

const send = ({ client, clock }: TestScene, port: number, text: string) =>
  clock.resolve(
    client.call(`${server}:${port}`, commands.sendMessageV2, sendFields, { body: Buffer.from(text) }),
  )

async function pulled({ client, clock }: TestScene, port: number, more: Partial<typeof pullFields> = {}) {
  const answer = await clock.resolve(
    client.call(`${server}:${port}`, commands.pullMessage, { ...pullFields, ...more }, { timeoutMs: 60_000 }),
  )
  const records = decodeRecords(answer.body)
  return { answer, texts: records.ok ? records.value.map(({ body }) => Buffer.from(body).toString()) : [] }
}

test('messages, topics and offsets are there again after a clean restart', async () => {
  const first = scene()
  const broker = await first.start({ listenPort: 10_911 })
  for (const text of ['one', 'two']) assert.equal((await send(first, 10_911, text)).code, 0)
  await pulled(first, 10_911, { sysFlag: 5, commitOffset: 1 })
  await first.clock.resolve(broker.stop())
  assert.equal(first.network.openStreams, 0)

  const second = scene(first.fileSystem)
  const again = await second.start({ listenPort: 10_911 })
  assert.deepEqual((await pulled(second, 10_911)).texts, ['one', 'two'])
  const offset = await second.clock.resolve(
    second.client.call(`${server}:10911`, commands.queryConsumerOffset, {
      consumerGroup: 'G',
      topic: 'T',
      queueId: 0,
    }),
  )
  assert.equal(offset.fields?.offset, 1)
  assert.equal((await send(second, 10_911, 'three')).fields?.queueOffset, 2)
  await second.clock.resolve(again.stop())
})

test('a topic that a send created survives the death of the process together with its message', async () => {
  const first = scene()
  await first.start({ listenPort: 10_911 })
  assert.equal((await send(first, 10_911, 'one')).code, 0)
  const second = scene(first.fileSystem.afterKill())
  await second.start({ listenPort: 10_911 })
  assert.deepEqual((await pulled(second, 10_911)).texts, ['one'])
})

test('the advertised address in message ids is the one that the client dialled', async () => {
  const one = scene()
  const broker = await one.start({ listenPort: 10_911 })
  assert.equal((await send(one, 10_911, 'x')).fields?.msgId.slice(0, 16), '0A00000100002A9F')
  await one.clock.resolve(broker.stop())
  const fixed = scene()
  await fixed.start({ listenPort: 10_911, brokerIP1: '192.0.2.7' })
  assert.equal((await send(fixed, 10_911, 'x')).fields?.msgId.slice(0, 16), 'C000020700002A9F')
})

test('the fast port takes sends and no pulls', async () => {
  const parts = scene()
  const { endpoint } = await parts.start({ listenPort: 0 })
  const fast = endpoint.port - 2
  assert.equal((await send(parts, fast, 'x')).code, 0)
  const { answer } = await pulled(parts, fast)
  assert.deepEqual([answer.code, answer.remark], [3, ' request type 11 not supported'])
})

test('a held pull is answered when the broker stops, and nothing of the broker is left', async () => {
  const parts = scene()
  const broker = await parts.start({ listenPort: 10_911 })
  await send(parts, 10_911, 'x')
  const address = `${server}:10911`
  const held = parts.client.call(
    address,
    commands.pullMessage,
    { ...pullFields, queueOffset: 1, sysFlag: 6, suspendTimeoutMillis: 30_000 },
    { timeoutMs: 60_000 },
  )
  await parts.clock.advance(100)
  await parts.clock.resolve(broker.stop())
  assert.equal((await held).code, 19)
  await parts.clock.advance(1)
  assert.equal(parts.network.openStreams, 0)
  assert.equal(parts.clock.timers, 0)
  await broker.stop()
})

test('a broker that cannot start leaves nothing running', async () => {
  const parts = scene()
  const refusals: [Partial<BrokerConfig>, AerobeeError['code']][] = [
    [{ brokerName: '' }, 'INVALID_CONFIG'],
    [{ brokerRole: 'SLAVE', brokerId: 1 }, 'INVALID_CONFIG'],
    [{ listenPort: 2 }, 'INVALID_CONFIG'],
  ]
  for (const [more, code] of refusals)
    await assert.rejects(parts.start(more), (thrown: AerobeeError) => thrown.code === code)
  const taken = await parts.network.transport(server).listen({ host: server, port: 10_909 }, () => {})
  await assert.rejects(parts.start({ listenPort: 10_911 }), /10909 is in use/)
  await taken.close()
  assert.equal(parts.clock.timers, 0)
  const broker = await parts.start({ listenPort: 10_911 })
  assert.equal(broker.endpoint.port, 10_911)
})

test('configuration files that are damaged stop the start with their name', async () => {
  const parts = scene()
  const broker = await parts.start({ listenPort: 10_911 })
  await send(parts, 10_911, 'x')
  await parts.clock.resolve(broker.stop())
  for (const name of ['topics.json', 'topics.json.bak']) {
    const path = `/store/config/${name}`
    if (!parts.fileSystem.infoSync(path)) continue
    const file = parts.fileSystem.openSync(path)
    file.writeSync(Buffer.from('{{{'), 0)
    file.closeSync()
  }
  await assert.rejects(parts.start({ listenPort: 10_911 }), /topics\.json is unreadable/)
})
