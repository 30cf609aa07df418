import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  type Command,
  commandsOf,
  isGroupName,
  isStoredTopicName,
  newFrame,
  parseLenientJson,
} from '@aerobee/wire'
import { HealthyClients, RawPeer, RealPlace } from './real-place.test.js'

/**
 * Names that would leave the data directory, or break what they are written into, in every text field of every request
 * and in the bodies, over TCP.
 */

const names = [
  '../../../../escaped',
  '..',
  '/etc/aerobee-escaped',
  'a/b',
  'a\\b',
  'a\0b',
  '\0',
  'a\u0001b\u0002c',
  '\u2215escaped',
  'x'.repeat(10_000),
  '__proto__',
  '%RETRY%../../escaped',
  'INNER_MULTI_DISPATCH\u0001%LMQ%../../../escaped\u0002',
  '',
]

const plain: Readonly<Record<string, string>> = {
  string: 'decoy',
  int32: '0',
  int64: '0',
  clampedInt64: '0',
  boolean: 'false',
  double: '0',
}

/** Fields that a request is refused for before its names are looked at. */
const plainByKey: Readonly<Record<string, string>> = {
  defaultTopic: 'TBW102',
  defaultTopicQueueNums: '4',
  readQueueNums: '4',
  writeQueueNums: '4',
  perm: '6',
  topicFilterType: 'SINGLE_TAG',
  maxMsgNums: '32',
  subscription: '*',
  expressionType: 'TAG',
  boundaryType: 'LOWER',
  properties: '',
}

interface Variant {
  fields: Record<string, string>
  body: Uint8Array
}

/** One request for each text field, which alone is hostile, one with a hostile body, and one with all of it. */
function variants({ request }: Command, name: string): Variant[] {
  const fields = Object.entries(request).map(([key, { kind, wireName }]) => ({
    field: wireName ?? key,
    text: kind === 'string',
    value: plainByKey[key] ?? plain[kind]!,
  }))
  const base = Object.fromEntries(fields.map(({ field, value }) => [field, value]))
  const texts = fields.filter(({ text }) => text).map(({ field }) => field)
  const all = { ...base, ...Object.fromEntries(texts.map((field) => [field, name])) }
  return [
    ...texts.map((field) => ({ fields: { ...base, [field]: name }, body: Buffer.from('x') })),
    { fields: base, body: hostileBody(name) },
    { fields: base, body: Buffer.from(name) },
    { fields: all, body: hostileBody(name) },
  ]
}

/** A body that has the name under every key that any request looks at. */
function hostileBody(name: string): Uint8Array {
  const queue = { topic: name, brokerName: name, queueId: 0 }
  const topicConfig = {
    topicName: name,
    readQueueNums: 4,
    writeQueueNums: 4,
    perm: 6,
    order: false,
    attributes: { [name]: name },
  }
  const subscription = { topic: name, subString: name, tagsSet: [name], codeSet: [0], expressionType: 'TAG' }
  const dataVersion = { counter: 0, timestamp: 0, stateVersion: 0 }
  const body = {
    clientID: name,
    clientId: name,
    consumerGroup: name,
    groupName: name,
    groupNameList: [name],
    groupList: [name],
    topic: name,
    topics: [name],
    topicList: [topicConfig],
    topicConfigList: [topicConfig],
    topicConfigTable: { [name]: topicConfig },
    topicConfigSerializeWrapper: { topicConfigTable: { [name]: topicConfig }, dataVersion },
    groupConfigList: [{ groupName: name }],
    subscriptionGroupConfigList: [{ groupName: name }],
    mqSet: [queue],
    producerDataSet: [{ groupName: name }],
    consumerDataSet: [
      {
        groupName: name,
        consumeType: 'CONSUME_PASSIVELY',
        messageModel: 'CLUSTERING',
        consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
        subscriptionDataSet: [subscription],
      },
    ],
    subscriptionData: subscription,
    offsetTable: { [name]: { 0: 1 } },
    filterServerList: [name],
    dataVersion,
  }
  return Buffer.from(JSON.stringify(body))
}

async function ask(address: string, receiver: Command['receiver']): Promise<number> {
  const commands = commandsOf(receiver)
  let asked = 0
  for (const command of commands) {
    const peer = await RawPeer.connect(address)
    let opaque = 0
    for (const name of names) {
      for (const { fields, body } of variants(command, name))
        peer.send(newFrame(command.code, opaque++, fields, body))
    }
    await peer.answered(opaque)
    assert.ok(
      peer.isClosed || peer.answers.size === opaque,
      `${command.name}: ${peer.answers.size} of ${opaque}`,
    )
    asked += opaque
    peer.destroy()
  }
  return asked
}

/** What lies in the directory, by the part of its path that is a name somebody gave. */
function checkFiles(place: RealPlace): void {
  for (const path of place.files()) {
    assert.match(path, /^data(\/(store|namesrv)(\/.*)?)?$/)
    for (const part of path.split('/')) assert.match(part, /^[%|a-zA-Z0-9_.-]{1,255}$/, path)
    assert.ok(!path.includes('escaped'), path)
  }
}

function tableKeys(place: RealPlace, file: string, key: string): string[] {
  const text = readFileSync(join(place.directory, 'data/store/config', file), 'utf8')
  const parsed = parseLenientJson(text)
  assert.ok(parsed.ok)
  return Object.keys((parsed.value as Record<string, object>)[key]!)
}

test('hostile names in every field: refused or harmless, nothing outside, nobody else hurt', {
  timeout: 120_000,
}, async (t) => {
  const place = await RealPlace.start()
  t.after(() => place.stop())
  const healthy = await HealthyClients.start(place)
  const asked = (await ask(place.brokerAddr, 'broker')) + (await ask(place.namesrvAddr, 'nameServer'))
  assert.ok(asked > 3000, `${asked}`)
  await healthy.stop()
  assert.ok(healthy.slowestMs < 3000, `a healthy send took ${healthy.slowestMs} ms`)
  checkFiles(place)
  await place.stopServers()
  checkFiles(place)
  for (const name of tableKeys(place, 'topics.json', 'topicConfigTable'))
    assert.ok(isStoredTopicName(name), `topic ${JSON.stringify(name)} was created`)
  for (const name of tableKeys(place, 'subscriptionGroup.json', 'subscriptionGroupTable'))
    assert.ok(isGroupName(name), `group ${JSON.stringify(name)} was created`)
  await place.startServers()
  const again = await HealthyClients.start(place)
  await again.stop()
})
