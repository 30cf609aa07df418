import assert from 'node:assert/strict'
import test from 'node:test'
import { isAerobeeError, type TextFile } from '@aerobee/base'
import { KvConfig } from './kv-config.js'

function memoryFile(content?: string): TextFile & { content: string | undefined } {
  const file = {
    content,
    load: () => file.content,
    save(text: string) {
      file.content = text
    },
  }
  return file
}

test('what was put is there again after a restart', () => {
  const file = memoryFile()
  const first = new KvConfig(file)
  first.put('ORDER_TOPIC_CONFIG', 'T', 'broker-a:2')
  first.put('ns', '__proto__', 'v')
  const second = new KvConfig(file)
  assert.equal(second.get('ORDER_TOPIC_CONFIG', 'T'), 'broker-a:2')
  assert.equal(second.get('ns', '__proto__'), 'v')
  assert.equal(second.get('ns', 'absent'), undefined)
})

test('deleting an absent key changes nothing on disk', () => {
  const file = memoryFile()
  new KvConfig(file).delete('ns', 'k')
  assert.equal(file.content, undefined)
})

test('a deleted key is gone after a restart', () => {
  const file = memoryFile('{"configTable":{"ns":{"k":"v","l":"w"}}}')
  new KvConfig(file).delete('ns', 'k')
  assert.deepEqual([...(new KvConfig(file).list('ns') ?? [])], [['l', 'w']])
})

test('an unreadable file is refused with advice, not overwritten', () => {
  for (const content of ['{', '[]', '{"configTable":{"ns":1}}']) {
    const file = memoryFile(content)
    assert.throws(
      () => new KvConfig(file),
      (thrown) => isAerobeeError(thrown, 'STORE_CORRUPT'),
    )
    assert.equal(file.content, content)
  }
})
