import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changedAttributes, groupAttributes, parseAttributeChanges, topicAttributes } from './attributes.js'

const changed = (known: Record<string, string> | undefined, text: string) => {
  const changes = parseAttributeChanges(text)
  assert.ok(changes.ok)
  return changedAttributes(topicAttributes, known, changes.value)
}
const reason = (known: Record<string, string> | undefined, text: string) => {
  const outcome = changed(known, text)
  return outcome.ok ? undefined : outcome.reason
}

test('a new topic gets the attributes that are added', () => {
  assert.deepEqual(changed(undefined, '+message.type=FIFO,+cleanup.policy=DELETE'), {
    ok: true,
    value: { 'message.type': 'FIFO', 'cleanup.policy': 'DELETE' },
  })
  assert.deepEqual(changed(undefined, ''), { ok: true, value: {} })
})

test('attributes of a known topic stay unless they are changed or deleted', () => {
  const known = { 'message.type': 'FIFO', 'queue.type': 'SimpleCQ' }
  assert.deepEqual(changed(known, ''), { ok: true, value: known })
  assert.deepEqual(changed(known, '+message.type=DELAY'), {
    ok: true,
    value: { 'message.type': 'DELAY', 'queue.type': 'SimpleCQ' },
  })
  assert.deepEqual(changed(known, '-message.type'), { ok: true, value: { 'queue.type': 'SimpleCQ' } })
})

test('changes that cannot be made are refused in the words of RocketMQ', () => {
  assert.equal(reason(undefined, '+color=red'), 'unsupported key: color')
  assert.equal(
    reason(undefined, '-message.type'),
    'only add attribute is supported while creating topic. key: message.type',
  )
  assert.equal(
    reason({}, '+queue.type=SimpleCQ'),
    'attempt to update an unchangeable attribute. key: queue.type',
  )
  assert.equal(reason({}, '-message.type'), 'attempt to delete a nonexistent key: message.type')
  assert.equal(reason(undefined, '+=x'), 'kv string format wrong.')
  assert.equal(reason(undefined, '++message.type=FIFO'), 'kv string format wrong.')
  assert.equal(reason(undefined, '+queue.type=Rocks'), 'value is not in set: [SimpleCQ, BatchCQ]')
  assert.equal(
    reason({ 'message.type': 'FIFO' }, '+message.type=DELAY,-message.type'),
    'alter duplication key. key: message.type',
  )
  assert.equal(reason(undefined, '+constructor=x'), 'unsupported key: constructor')
})

test('text that is no list of changes is refused', () => {
  assert.deepEqual(parseAttributeChanges('message.type=FIFO'), {
    ok: false,
    reason: 'add/alter attribute format is wrong: message.type',
  })
  assert.deepEqual(parseAttributeChanges('message.type'), {
    ok: false,
    reason: 'delete attribute format is wrong: message.type',
  })
  assert.deepEqual(parseAttributeChanges('+a=1,+a=2'), { ok: false, reason: 'key duplication: +a' })
})

test('groups have no attributes', () => {
  assert.deepEqual(changedAttributes(groupAttributes, undefined, { '+any': '1' }), {
    ok: false,
    reason: 'unsupported key: any',
  })
})
