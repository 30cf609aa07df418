import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom, silentLogger } from '@aerobee/base'
import { ConnectionPool } from '@aerobee/net'
import { FaultFileSystem, MemoryNetwork, VirtualClock } from '@aerobee/testkit'
import { commands, RunTimeConfig } from '@aerobee/wire'
import { startBroker } from '../broker.js'
import { brokerConfigTable } from '../config-keys.js'
import { ask, bodyText, brokerParts, defaultConfig } from '../fakes.test.js'
import { getBrokerConfigHandler, updateBrokerConfigHandler } from './broker-config.js'

function scene() {
  const parts = brokerParts()
  const calls: string[] = []
  const registration = {
    announced: async () => void calls.push('announced'),
    announceAll: () => void calls.push('announceAll'),
  }
  const runTimeConfig = new RunTimeConfig(brokerConfigTable, parts.config, undefined, parts.clock)
  const handler = updateBrokerConfigHandler({ ...parts, registration, runTimeConfig })
  const change = async (body: string) => (await ask(handler, {}, { body })).reply
  return { ...parts, runTimeConfig, calls, change }
}

test('settings on the allow-list change at once', async () => {
  const { config, change, calls } = scene()
  assert.equal((await change('longPollingEnable=false\nmaxMessageSize=1024\n')).code, 0)
  assert.equal(config.longPollingEnable, false)
  assert.equal(config.maxMessageSize, 1024)
  assert.deepEqual(calls, [])
})

test('identity, paths, ports, addresses and pools never change over the network', async () => {
  const { config, change } = scene()
  const before = { ...config }
  for (const key of [
    'brokerName=x',
    'brokerClusterName=x',
    'brokerId=1',
    'brokerRole=SLAVE',
    'brokerIP1=192.0.2.1',
    'listenPort=1',
    'namesrvAddr=192.0.2.1:9876',
    'storePathRootDir=/tmp/x',
    'storePathCommitLog=/tmp/x',
    'brokerConfigPath=x',
    'configBlackList=',
    'rocketmqHome=/tmp/x',
    'flushDiskType=SYNC_FLUSH',
    'sendThreadPoolQueueCapacity=1',
    'authenticationEnabled=false',
  ]) {
    const { code, remark } = await change(`traceOn=false\n${key}`)
    assert.deepEqual([code, remark], [16, 'Can not update config in black list.'], key)
  }
  assert.deepEqual(config, before)
})

test('what RocketMQ lets change and has no effect here is kept and answered', async () => {
  const { change, runTimeConfig } = scene()
  assert.equal((await change('recallMessageEnable=true')).code, 0)
  assert.match(runTimeConfig.text(), /^recallMessageEnable=true$/m)
})

test('a new broker permission makes all topics new and is announced before the answer', async () => {
  const { change, calls, topics } = scene()
  const { counter } = topics.dataVersion
  assert.equal((await change('brokerPermission=4')).code, 0)
  assert.equal(topics.dataVersion.counter, counter + 1)
  assert.deepEqual(calls, ['announceAll', 'announced'])
})

test('all settings are answered in order with the version of the configuration', async () => {
  const { change, runTimeConfig, config } = scene()
  await change('fileReservedTime=71')
  const { reply } = await ask(getBrokerConfigHandler({ runTimeConfig }), {})
  const version = JSON.parse(reply.fields?.version ?? '')
  assert.deepEqual(Object.keys(version), ['counter', 'stateVersion', 'timestamp'])
  assert.equal(version.counter, 1)
  const lines = bodyText(reply).trim().split('\n')
  const keys = lines.map((line) => line.slice(0, line.indexOf('=')))
  assert.deepEqual(keys, Object.keys(config).sort())
  assert.ok(lines.includes('fileReservedTime=71'))
  assert.ok(lines.includes('timerWheelEnable=true'))
})

test('changes are written to the configuration file where there is one, beside what it held', async () => {
  const clock = new VirtualClock()
  const network = new MemoryNetwork(clock)
  const fileSystem = new FaultFileSystem({ seed: 1 })
  const file = fileSystem.openSync('/broker.conf', { create: true })
  file.writeSync(Buffer.from('# mine\nbrokerName=broker-a\nfileReservedTime=10\n'), 0)
  file.closeSync()
  const config = defaultConfig({
    storePathRootDir: '/store',
    mappedFileSizeCommitLog: 1024 * 1024,
    maxHashSlotNum: 100,
    maxIndexNum: 400,
    brokerConfigPath: '/broker.conf',
  })
  const transport = network.transport('10.0.0.1')
  const parts = { config, clock, fileSystem, transport, random: seededRandom(1), logger: silentLogger }
  const broker = await clock.resolve(startBroker(parts))
  const pool = new ConnectionPool({ transport: network.transport('10.0.0.2'), clock, logger: silentLogger })
  const body = Buffer.from('fileReservedTime=71')
  const asked = pool.call('10.0.0.1:10911', commands.updateBrokerConfig, {}, { body })
  assert.equal((await clock.resolve(asked)).code, 0)
  const text = (path: string) => Buffer.from(fileSystem.readFileSync(path) ?? []).toString()
  assert.equal(text('/broker.conf'), 'brokerName=broker-a\nfileReservedTime=71\n')
  assert.match(text('/broker.conf.bak'), /^# mine$/m)
  await clock.resolve(Promise.all([pool.close(), broker.stop()]))
})
