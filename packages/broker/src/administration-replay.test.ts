import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '@aerobee/base'
import { ConnectionPool } from '@aerobee/net'
import { bodies, commands, decodeRecords, type Frame, findProperty, parseLenientJson } from '@aerobee/wire'
import { beatOf, type Capture, gist, loadCapture, replay, type Scene, scene } from './captures.test.js'
import { newGroupConfig } from './groups.js'

/** Answers that differ from the captured ones, by id, with our code and why. */
type Deviations = Readonly<Record<string, readonly [code: number, why: string]>>

/** What administrators had made before the captures, beside what every scene has. */
async function prepare({ transport, clock, broker }: Scene): Promise<void> {
  const pool = new ConnectionPool({ transport, clock, logger: silentLogger })
  const address = `127.0.0.1:${broker.endpoint.port}`
  const topicSettings = { defaultTopic: 'TBW102', perm: 6, topicFilterType: 'SINGLE_TAG', order: false }
  for (const [topic, queues] of [
    ['FixReset', 1],
    ['%RETRY%GID_adm', 1],
  ] as const) {
    const fields = { ...topicSettings, topic, readQueueNums: queues, writeQueueNums: queues }
    assert.equal((await clock.resolve(pool.call(address, commands.updateAndCreateTopic, fields))).code, 0)
  }
  for (const group of ['GID_adm']) {
    const body = bodies.subscriptionGroupConfig.encode(newGroupConfig(group))
    const asked = pool.call(address, commands.updateAndCreateSubscriptionGroup, {}, { body })
    assert.equal((await clock.resolve(asked)).code, 0)
  }
  for (const topic of ['FixReset', '%RETRY%GID_adm']) {
    const fields = { topic, consumerGroup: 'GID_adm', queueId: 0, commitOffset: 0 }
    assert.equal((await clock.resolve(pool.call(address, commands.updateConsumerOffset, fields))).code, 0)
  }
  await clock.resolve(pool.close())
}

/** Puts the records that the capture's answers hold into the store, with their keys. */
async function storeAnswered({ store, clock }: Scene, { requests }: Capture): Promise<void> {
  const seen = new Set<number>()
  for (const { response } of requests) {
    const records = decodeRecords(response?.body ?? new Uint8Array(0))
    for (const record of records.ok ? records.value : []) {
      if (seen.has(record.physicalOffset)) continue
      seen.add(record.physicalOffset)
      const { flag, sysFlag, bornTimestamp, bornHost, storeHost, body, properties, topic, queueId } = record
      const message = { topic, queueId, flag, sysFlag, bornTimestamp, bornHost, storeHost, body, properties }
      store.append(
        {
          ...message,
          reconsumeTimes: 0,
          preparedTransactionOffset: 0,
          tagsCode: 0,
          uniqKey: findProperty(properties, 'UNIQ_KEY'),
          keys: findProperty(properties, 'KEYS'),
          waitStoreOk: true,
        },
        () => {},
      )
    }
  }
  await clock.settle()
}

/** As gist, and with the fields inside of the tables in a body; a remark that only says nothing was said is none. */
function shape(frame: Frame | undefined): unknown {
  if (!frame) return undefined
  const remark = frame.remark === 'not set any response code' ? null : frame.remark
  const parsed = parseLenientJson(Buffer.from(frame.body).toString())
  const inside = parsed.ok && frame.body.length > 0 ? fieldsInside(parsed.value as object) : undefined
  return { ...(gist({ ...frame, remark }) as object), inside }
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** By field: the keys that the entries of a table or a list have, of whatever entry has them. */
function fieldsInside(body: object): unknown {
  const inside = Object.entries(body).map(([field, value]) => {
    const entries = Object.values(value ?? {}).filter(isTable)
    return [field, [...new Set(entries.flatMap((entry) => Object.keys(entry)))].sort()]
  })
  return Object.fromEntries(inside)
}

/** Keys of an answer that is a list of settings; ours has more than those that Java has values for. */
const settingsOf = (frame: Frame | undefined): string[] | undefined => {
  const lines = Buffer.from(frame?.body ?? [])
    .toString()
    .split('\n')
  return lines.length > 100 ? lines.map((line) => line.split('=', 1)[0]!) : undefined
}
const missing = (ours: string[] | undefined, java: string[] | undefined): string[] =>
  java?.filter((key) => !ours?.includes(key)) ?? []

async function compare(
  file: string,
  deviations: Deviations,
  before: (scene: Scene) => Parameters<typeof replay>[2] = () => ({}),
): Promise<void> {
  const capture = loadCapture(file)
  const replayed = await scene({ enablePropertyFilter: true }, capture.requests[0]!.atMs)
  await prepare(replayed)
  await storeAnswered(replayed, capture)
  const { answers } = await replay(replayed, capture, before(replayed))
  for (const { id, note, response } of capture.requests) {
    if (!response) continue
    const answer = answers.get(id)
    const deviation = deviations[id]
    if (deviation) assert.equal(answer?.code, deviation[0], `${id} ${note}: ${deviation[1]}`)
    else if (settingsOf(response)) assert.deepEqual(missing(settingsOf(answer), settingsOf(response)), [])
    else assert.deepEqual(shape(answer), shape(response), `${id} ${note}`)
  }
  await replayed.clock.resolve(replayed.broker.stop())
}

test('administrators are answered as Java 5.3.3 answers them', () =>
  compare('admin', {}, () => ({
    'admin-0042': (send) =>
      send({ ...beatOf('GID_adm', 'FixReset'), producerDataSet: [{ groupName: 'PG_adm' }] }),
  })))

test('delivery is looked into and steered as Java 5.3.3 lets it', () =>
  compare(
    'steering',
    {
      'admin-0065': [1, 'the record lies elsewhere in our log'],
      'admin-0109': [1, 'the record lies elsewhere in our log'],
    },
    ({ config }) => {
      const client = { clientID: '192.0.2.2@adm1', producerDataSet: [{ groupName: 'PG_adm' }] }
      const beat = { ...beatOf('GID_adm', 'FixReset'), ...client }
      return {
        'admin-0043': (send) => send(beat),
        'admin-0105': (send) => {
          config.useServerSideResetOffset = false
          send(beat)
        },
      }
    },
  ))

test('questions for messages are answered as Java 5.3.3 answers them', () =>
  compare('query', {
    'query-0004': [1, 'the record lies elsewhere in our log'],
  }))
