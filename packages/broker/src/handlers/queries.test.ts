import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom, silentLogger } from '@aerobee/base'
import { ConnectionPool } from '@aerobee/net'
import { FaultFileSystem, MemoryNetwork, VirtualClock } from '@aerobee/testkit'
import { commands, decodeRecords, parseOffsetMessageId, type RequestInput } from '@aerobee/wire'
import { startBroker } from '../broker.js'
import { defaultConfig } from '../fakes.test.js'

const address = '10.0.0.1:10911'

/** A broker over a store in memory, with messages a second apart in queue 0 of T. */
async function scene(messages: readonly { text: string; keys?: string; uniqKey?: string }[]) {
  const clock = new VirtualClock()
  const network = new MemoryNetwork(clock)
  const config = defaultConfig({
    storePathRootDir: '/store',
    mappedFileSizeCommitLog: 1024 * 1024,
    maxHashSlotNum: 100,
    maxIndexNum: 400,
  })
  const fileSystem = new FaultFileSystem({ seed: 1 })
  const transport = network.transport('10.0.0.1')
  const random = seededRandom(1)
  const broker = await clock.resolve(
    startBroker({ config, clock, fileSystem, transport, random, logger: silentLogger }),
  )
  const pool = new ConnectionPool({ transport: network.transport('10.0.0.2'), clock, logger: silentLogger })
  const ids: string[] = []
  const times: number[] = []
  for (const { text, keys, uniqKey } of messages) {
    const properties = [
      ...(keys === undefined ? [] : [`KEYS\u0001${keys}\u0002`]),
      ...(uniqKey === undefined ? [] : [`UNIQ_KEY\u0001${uniqKey}\u0002`]),
    ].join('')
    const sent = await clock.resolve(
      pool.call(address, commands.sendMessageV2, { ...sendFields, properties }, { body: Buffer.from(text) }),
    )
    assert.equal(sent.code, 0)
    ids.push(sent.fields!.msgId)
    times.push(clock.wallMs())
    await clock.advance(1000)
  }
  const query = async (more: Partial<RequestInput<typeof commands.queryMessage>>) => {
    const fields = {
      topic: 'T',
      key: 'k',
      maxNum: 32,
      beginTimestamp: 0,
      endTimestamp: Number.MAX_SAFE_INTEGER,
    }
    const answer = await clock.resolve(pool.call(address, commands.queryMessage, { ...fields, ...more }))
    return { ...answer, texts: textsOf(answer.body) }
  }
  const search = async (timestamp: number, boundaryType?: string) => {
    const fields = { topic: 'T', queueId: 0, timestamp, boundaryType }
    const answer = await clock.resolve(pool.call(address, commands.searchOffsetByTimestamp, fields))
    return answer.fields?.offset
  }
  const stop = () => clock.resolve(Promise.all([pool.close(), broker.stop()]))
  return { clock, config, pool, ids, times, query, search, stop }
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

function textsOf(body: Uint8Array): string[] {
  if (body.length === 0) return []
  const records = decodeRecords(body)
  assert.ok(records.ok)
  return records.value.map((record) => Buffer.from(record.body).toString())
}

test('messages are found by any of their keys, the newest first, and by their unique key', async () => {
  const s = await scene([
    { text: 'one', keys: 'k other', uniqKey: 'U1' },
    { text: 'two', keys: 'k', uniqKey: 'U2' },
    { text: 'three', keys: 'different', uniqKey: 'U3' },
  ])
  assert.deepEqual((await s.query({ key: 'k' })).texts.sort(), ['one', 'two'])
  assert.deepEqual((await s.query({ key: 'other' })).texts, ['one'])
  assert.deepEqual((await s.query({ key: 'U3', uniqueKeyQuery: true, maxNum: 0 })).texts, ['three'])
  const found = await s.query({ key: 'k', maxNum: 1 })
  assert.equal(found.texts.length, 1)
  assert.equal(found.fields?.indexLastUpdatePhyoffset, decodedOffset(s.ids[2]!))
  await s.stop()
})

test('a key that is not there, or not in the span of time, is answered with 22', async () => {
  const s = await scene([{ text: 'one', keys: 'k' }])
  for (const more of [
    { key: 'absent' },
    { topic: 'Unknown' },
    { maxNum: 0 },
    { maxNum: -5 },
    { beginTimestamp: s.times[0]! + 60_000 },
    { endTimestamp: s.times[0]! - 60_000 },
  ]) {
    const { code, remark, body } = await s.query(more)
    assert.deepEqual(
      [code, remark],
      [22, 'can not find message, maybe time range not correct'],
      JSON.stringify(more),
    )
    assert.equal(body.length, 0)
  }
  await s.stop()
})

test('an answer holds no more than maxMsgsNumBatch messages', async () => {
  const s = await scene(Array.from({ length: 5 }, (_, i) => ({ text: `m${i}`, keys: 'k' })))
  s.config.maxMsgsNumBatch = 3
  assert.equal((await s.query({ maxNum: 1_000_000 })).texts.length, 3)
  await s.stop()
})

test('a message is found by its id, and nothing else is taken for one', async () => {
  const s = await scene([{ text: 'one' }, { text: 'two' }])
  const view = (offset: number) => s.clock.resolve(s.pool.call(address, commands.viewMessageById, { offset }))
  assert.deepEqual(textsOf((await view(decodedOffset(s.ids[1]!))).body), ['two'])
  for (const offset of [1, 88_888_888, -1, Number.MAX_SAFE_INTEGER]) {
    const { code, remark } = await view(offset)
    assert.deepEqual([code, remark], [1, `can not find message by the offset, ${offset}`])
  }
  await s.stop()
})

const decodedOffset = (id: string) => {
  const decoded = parseOffsetMessageId(id)
  assert.ok(decoded.ok)
  return decoded.value.physicalOffset
}

test('offsets by time: at, between, before and behind messages, for both bounds', async () => {
  const s = await scene([{ text: 'one' }, { text: 'two' }, { text: 'three' }])
  const [one, two, three] = s.times as [number, number, number]
  for (const boundary of [undefined, 'LOWER', 'lower', 'anything']) {
    assert.equal(await s.search(0, boundary), 0)
    assert.equal(await s.search(two, boundary), 1)
    assert.equal(await s.search(one + 1, boundary), 1)
    assert.equal(await s.search(three + 1, boundary), 3)
  }
  for (const boundary of ['UPPER', 'upper']) {
    assert.equal(await s.search(0, boundary), 0)
    assert.equal(await s.search(two, boundary), 1)
    assert.equal(await s.search(one + 1, boundary), 0)
    assert.equal(await s.search(three + 1, boundary), 2)
  }
  await s.stop()
})

test('the bounds of a queue, and those of one that is not there', async () => {
  const s = await scene([{ text: 'one' }, { text: 'two' }])
  const bounds = async (topic: string, queueId: number) => {
    const fields = { topic, queueId }
    const calls = [commands.getMinOffset, commands.getMaxOffset].map(async (command) => {
      const answer = await s.pool.call(address, command, fields)
      return answer.fields?.offset
    })
    const earliest = s.pool.call(address, commands.getEarliestMsgStoreTime, fields)
    const [min, max] = await s.clock.resolve(Promise.all(calls))
    return [min, max, (await s.clock.resolve(earliest)).fields?.timestamp]
  }
  assert.deepEqual(await bounds('T', 0), [0, 2, s.times[0]])
  for (const [topic, queueId] of [
    ['T', 7],
    ['T', -1],
    ['Unknown', 0],
    ['../../etc', 0],
  ] as const)
    assert.deepEqual(await bounds(topic, queueId), [0, 0, -1])
  await s.stop()
})

test('a topic that was deleted and made again begins at 0', async () => {
  const s = await scene([{ text: 'one', keys: 'k' }])
  await s.clock.resolve(s.pool.call(address, commands.deleteTopicInBroker, { topic: 'T' }))
  const fields = { topic: 'T', queueId: 0 }
  assert.equal((await s.clock.resolve(s.pool.call(address, commands.getMaxOffset, fields))).fields?.offset, 0)
  const sent = await s.clock.resolve(
    s.pool.call(
      address,
      commands.sendMessageV2,
      { ...sendFields, properties: '' },
      { body: Buffer.from('x') },
    ),
  )
  assert.equal(sent.fields?.queueOffset, 0)
  await s.stop()
})
