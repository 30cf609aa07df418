import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { type ConfigTable, silentLogger, systemClock } from '@aerobee/base'
import { brokerConfigTable } from '@aerobee/broker'
import { nameServerConfigTable } from '@aerobee/namesrv'
import { ConnectionPool, tcpTransport } from '@aerobee/net'
import { type Command, commands, responseCodes } from '@aerobee/wire'
import { RealPlace } from './real-place.test.js'

/** Configuration that arrives over the network: what made two versions of RocketMQ run commands changes nothing here. */

async function attacked(t: TestContext) {
  const place = await RealPlace.start({
    mappedFileSizeCommitLog: '65536',
    maxHashSlotNum: '100',
    maxIndexNum: '400',
  })
  const pool = new ConnectionPool({ transport: tcpTransport, clock: systemClock, logger: silentLogger })
  t.after(async () => {
    await pool.close()
    await place.stop()
  })
  const servers = {
    broker: {
      address: place.brokerAddr,
      table: brokerConfigTable as ConfigTable,
      update: commands.updateBrokerConfig as unknown as Command,
      get: commands.getBrokerConfig as unknown as Command,
    },
    nameServer: {
      address: place.namesrvAddr,
      table: nameServerConfigTable as ConfigTable,
      update: commands.updateNameServerConfig as unknown as Command,
      get: commands.getNameServerConfig as unknown as Command,
    },
  }
  const update = (server: keyof typeof servers, text: string) =>
    pool.call(servers[server].address, servers[server].update, {}, { body: Buffer.from(text) })
  const settings = async (server: keyof typeof servers) =>
    Buffer.from((await pool.call(servers[server].address, servers[server].get, {})).body).toString()
  return { place, servers, update, settings }
}

/** Where the store notes how far it is, about a second after its start and by itself. */
const progress = /^data\/store\/(checkpoint|positions\.json(\.\w+)?)$/

/** Every other path with a hash of what it holds. */
const hashes = (place: RealPlace): Record<string, string> =>
  Object.fromEntries(Object.entries(place.hashes()).filter(([path]) => !progress.test(path)))

/** Once nothing is written any more. */
async function quietHashes(place: RealPlace): Promise<Record<string, string>> {
  let known = hashes(place)
  for (;;) {
    await new Promise<void>((resolve) => systemClock.after(300, resolve))
    const again = hashes(place)
    if (isDeepStrictEqual(again, known)) return known
    known = again
  }
}

test('the payload of CVE-2023-33246 is refused, and nothing changes', async (t) => {
  const { place, update, settings } = await attacked(t)
  const marker = join(place.directory, 'pwned')
  const before = await quietHashes(place)
  const configBefore = await settings('broker')
  const payloads = [
    `filterServerNums=1\nrocketmqHome=-c $@|sh . echo touch ${marker};\n`,
    `rocketmqHome=$(touch ${marker})`,
    `rocketmqHome=${place.directory}\nstorePathRootDir=/tmp/elsewhere`,
    `brokerPermission=6\nbrokerConfigPath=${marker}`,
    `maxMessageSize=1\nbindAddress=0.0.0.0`,
  ]
  for (const payload of payloads)
    assert.equal((await update('broker', payload)).code, responseCodes.NO_PERMISSION, payload)
  // A key that is gone since 5.1.1: passed over, as upstream does.
  assert.equal((await update('broker', 'filterServerNums=1')).code, responseCodes.SUCCESS)
  assert.equal(await settings('broker'), configBefore)
  assert.deepEqual(hashes(place), before)
  assert.equal(existsSync(marker), false)
})

test('the payload of CVE-2023-37582 is refused, and nothing changes', async (t) => {
  const { place, update, settings } = await attacked(t)
  const file = join(place.directory, 'written-by-the-network')
  const before = await quietHashes(place)
  const configBefore = await settings('nameServer')
  const payloads = [
    `configStorePath=${file}\nproductEnvName=test/path\\ntest\\ntest`,
    `configStorePath=${file}`,
    `orderMessageEnable=true\nkvConfigPath=${file}`,
    `configBlackList=\nconfigStorePath=${file}`,
  ]
  for (const payload of payloads)
    assert.equal((await update('nameServer', payload)).code, responseCodes.NO_PERMISSION, payload)
  assert.equal(await settings('nameServer'), configBefore)
  assert.deepEqual(hashes(place), before)
  assert.equal(existsSync(file), false)
})

test('of all keys only those declared so may change, and one other key keeps all from changing', async (t) => {
  const { place, servers, update, settings } = await attacked(t)
  const before = await quietHashes(place)
  for (const server of ['broker', 'nameServer'] as const) {
    const { table } = servers[server]
    const configBefore = await settings(server)
    const fixed = Object.keys(table).filter((key) => !table[key]!.dynamic)
    const [dynamic] = Object.keys(table).filter(
      (key) => table[key]!.dynamic && table[key]!.type === 'boolean',
    )
    assert.ok(fixed.length > 10 && dynamic)
    for (const key of fixed) {
      const text: string = `${dynamic}=${!table[dynamic]!.default}\n${key}=${table[key]!.default}`
      assert.equal((await update(server, text)).code, responseCodes.NO_PERMISSION, key)
    }
    for (const name of ['__proto__', 'constructor', 'toString', 'noSuchKey', ''])
      await update(server, `${name}=1`)
    assert.equal(await settings(server), configBefore)
    assert.equal((await update(server, `${dynamic}=${!table[dynamic]!.default}`)).code, 0)
    assert.notEqual(await settings(server), configBefore)
  }
  assert.deepEqual(hashes(place), before, 'without a file of settings they last until the restart')
})
