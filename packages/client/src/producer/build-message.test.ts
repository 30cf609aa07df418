import assert from 'node:assert/strict'
import test from 'node:test'
import { isAerobeeError } from '@aerobee/base'
import { decodeProperties } from '@aerobee/wire'
import type { OutgoingMessage } from '../outgoing-message.js'
import { buildMessage, checkTopic } from './build-message.js'

const refusal = (run: () => unknown): string => {
  try {
    run()
  } catch (thrown) {
    assert.ok(isAerobeeError(thrown, 'INVALID_ARGUMENT'))
    return thrown.message
  }
  throw new assert.AssertionError({ message: 'it was accepted' })
}
const build = (more: Partial<OutgoingMessage>) => buildMessage({ topic: 'T', body: 'x', ...more }, 'ID', 100)

test('tags, keys and the unique id become properties', () => {
  const built = build({
    tags: 'a',
    keys: ['k1', 'k2'],
    properties: { own: 'ä' },
    shardingKey: 's',
    waitStoreMsgOK: false,
  })
  assert.deepEqual(Object.fromEntries(decodeProperties(built.properties)), {
    own: 'ä',
    UNIQ_KEY: 'ID',
    WAIT: 'false',
    TAGS: 'a',
    KEYS: 'k1 k2',
    __SHARDINGKEY: 's',
  })
})

test('what a broker would refuse, or misread, is refused here', () => {
  assert.equal(
    refusal(() => build({ body: '' })),
    'the message body length is zero',
  )
  assert.equal(
    refusal(() => build({ body: 'x'.repeat(101) })),
    'the message body size over max value, MAX: 100',
  )
  assert.match(
    refusal(() => build({ properties: { UNIQ_KEY: 'x' } })),
    /The Property<UNIQ_KEY> is used by system/,
  )
  assert.equal(
    refusal(() => build({ properties: { INNER_MULTI_DISPATCH: '%LMQ%a/b' } })),
    'INNER_MULTI_DISPATCH %LMQ%a/b can not contains / character',
  )
  assert.match(
    refusal(() => build({ properties: { a: ' ' } })),
    /can not be null or blank/,
  )
  assert.match(
    refusal(() => build({ tags: 'a\u0002b' })),
    /U\+0001 or U\+0002/,
  )
  assert.match(
    refusal(() => build({ properties: { a: 'x'.repeat(40_000) } })),
    /32,?767/,
  )
})

test('topics that nobody may send to are refused', () => {
  assert.equal(
    refusal(() => checkTopic('../x')),
    'The specified topic[../x] contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$',
  )
  assert.equal(
    refusal(() => checkTopic('SCHEDULE_TOPIC_XXXX')),
    'Sending message to topic[SCHEDULE_TOPIC_XXXX] is forbidden.',
  )
})
