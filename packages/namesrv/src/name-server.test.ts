import assert from 'node:assert/strict'
import test from 'node:test'
import { loadConfig, seededRandom, silentLogger } from '@aerobee/base'
import { ConnectionPool } from '@aerobee/net'
import { FaultFileSystem, MemoryNetwork, VirtualClock } from '@aerobee/testkit'
import { bodies, commands, responseCodes } from '@aerobee/wire'
import { nameServerConfigTable } from './config-keys.js'
import { type NameServer, startNameServer } from './name-server.js'

/** A name server on 10.0.0.1 and its peers, on virtual time. */
async function scene(values: Record<string, string> = {}) {
  const clock = new VirtualClock()
  const network = new MemoryNetwork(clock)
  const fileSystem = new FaultFileSystem({ seed: 1 })
  const start = (): Promise<NameServer> =>
    startNameServer({
      config: loadConfig(nameServerConfigTable, [
        { name: 'test', values: { kvConfigPath: '/ns/kv.json', ...values } },
      ]).config,
      clock,
      fileSystem,
      transport: network.transport('10.0.0.1'),
      random: seededRandom(1),
      logger: silentLogger,
    })
  const nameServer = await start()
  const peer = (host: string) =>
    new ConnectionPool({ transport: network.transport(host), clock, logger: silentLogger })
  return { clock, network, fileSystem, nameServer, start, peer }
}

const address = '10.0.0.1:9876'

const registration = (topics: string[], counter = 1) => {
  const config = (topicName: string): bodies.TopicConfig => ({
    attributes: {},
    order: false,
    perm: 6,
    readQueueNums: 4,
    topicFilterType: 'SINGLE_TAG',
    topicName,
    topicSysFlag: 0,
    writeQueueNums: 4,
  })
  return bodies.encodeRegisterBrokerBody({
    filterServerList: [],
    topicConfigSerializeWrapper: {
      dataVersion: { counter, stateVersion: 0, timestamp: 1 },
      mappingDataVersion: { counter: 0, stateVersion: 0, timestamp: 1 },
      topicConfigTable: new Map(topics.map((topic) => [topic, config(topic)])),
      topicQueueMappingDetailMap: new Map(),
      topicQueueMappingInfoMap: new Map(),
    },
  })
}

const brokerFields = (brokerAddr: string) => ({
  brokerName: 'broker-a',
  brokerAddr,
  clusterName: 'C',
  haServerAddr: '10.0.0.2:10912',
  brokerId: 0,
})

type Scene = Awaited<ReturnType<typeof scene>>

/** Runs a call to its end on virtual time. */
const done = <T>({ clock }: Scene, call: Promise<T>): Promise<T> => clock.resolve(call)

async function register(one: Scene, pool: ConnectionPool, brokerAddr: string, topics = ['T', 'U']) {
  return done(
    one,
    pool.call(address, commands.registerBroker, brokerFields(brokerAddr), { body: registration(topics) }),
  )
}

async function route(one: Scene, pool: ConnectionPool, topic: string) {
  const answer = await done(one, pool.call(address, commands.getRouteInfoByTopic, { topic }))
  if (answer.code !== responseCodes.SUCCESS) return { code: answer.code, remark: answer.remark }
  const data = bodies.topicRouteData.decode(answer.body)
  assert.ok(data.ok)
  return { code: 0, addresses: [...data.value.brokerDatas[0]!.brokerAddrs.values()] }
}

test('a client finds a topic at the broker that registered it, until the broker unregisters', async () => {
  const one = await scene()
  const broker = one.peer('10.0.0.2')
  const client = one.peer('10.0.0.3')
  assert.equal((await register(one, broker, '10.0.0.2:10911')).code, 0)
  assert.deepEqual(await route(one, client, 'T'), { code: 0, addresses: ['10.0.0.2:10911'] })
  const { haServerAddr: _, ...fields } = brokerFields('10.0.0.2:10911')
  await done(one, broker.call(address, commands.unregisterBroker, fields))
  const gone = await route(one, client, 'T')
  assert.equal(gone.code, responseCodes.TOPIC_NOT_EXIST)
  assert.match(gone.remark!, /^No topic route info in name server for the topic: T\nSee https/)
  await Promise.all([done(one, broker.close()), done(one, client.close()), done(one, one.nameServer.stop())])
  assert.equal(one.network.openStreams, 0)
  assert.equal(one.clock.timers, 0)
})

test('a broker whose connection closes leaves the routes, and a registration on a new connection survives the old one', async () => {
  const one = await scene()
  const old = one.peer('10.0.0.2')
  const fresh = one.peer('10.0.0.2')
  const client = one.peer('10.0.0.3')
  await register(one, old, '10.0.0.2:10911')
  await register(one, fresh, '10.0.0.2:10911')
  await done(one, old.close())
  assert.equal((await route(one, client, 'T')).code, 0)
  await done(one, fresh.close())
  assert.equal((await route(one, client, 'T')).code, responseCodes.TOPIC_NOT_EXIST)
})

test('a broker that falls silent leaves when its lease is over', async () => {
  const one = await scene({ serverChannelMaxIdleTimeSeconds: '86400' })
  const broker = one.peer('10.0.0.2')
  await register(one, broker, '10.0.0.2:10911')
  await one.clock.advance(115_000)
  const client = one.peer('10.0.0.3')
  assert.equal((await route(one, client, 'T')).code, 0)
  await one.clock.advance(11_000)
  assert.equal((await route(one, client, 'T')).code, responseCodes.TOPIC_NOT_EXIST)
})

test('order topics survive a restart and are told to registering brokers', async () => {
  const one = await scene()
  const admin = one.peer('10.0.0.4')
  const put = { namespace: 'ORDER_TOPIC_CONFIG', key: 'T', value: 'broker-a:4' }
  assert.equal((await done(one, admin.call(address, commands.putKvConfig, put))).code, 0)
  await done(one, one.nameServer.stop())
  await done(one, one.start())
  const answer = await register(one, one.peer('10.0.0.2'), '10.0.0.2:10911')
  const table = bodies.kvTable.decode(answer.body)
  assert.ok(table.ok)
  assert.deepEqual(table.value.table, { T: 'broker-a:4' })
})

test('a configuration update applies allowed keys only, and all or nothing', async () => {
  const one = await scene()
  const admin = one.peer('10.0.0.4')
  const update = (text: string) =>
    done(
      one,
      admin.call(address, commands.updateNameServerConfig, {}, { body: new TextEncoder().encode(text) }),
    )
  const value = async (key: string) => {
    const answer = await done(one, admin.call(address, commands.getNameServerConfig, {}))
    return new RegExp(`^${key}=(.*)$`, 'm').exec(new TextDecoder().decode(answer.body))?.[1]
  }
  const refused = await update('orderMessageEnable=true\nkvConfigPath=/etc/passwd\n')
  assert.deepEqual(
    [refused.code, refused.remark],
    [responseCodes.NO_PERMISSION, 'Can not update config in black list.'],
  )
  assert.equal(await value('orderMessageEnable'), 'false')
  assert.equal(await value('kvConfigPath'), '/ns/kv.json')
  assert.equal((await update('waitSecondsForService=-1')).code, responseCodes.INVALID_PARAMETER)
  assert.equal((await update('orderMessageEnable=true\nnoSuchKey=1')).code, 0)
  assert.equal(await value('orderMessageEnable'), 'true')
})

test('a controller in this process is refused with advice', async () => {
  await assert.rejects(scene({ enableControllerInNamesrv: 'true' }), /there is no controller yet/)
})
