import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderSubscriptions } from './header-subscriptions.js'

const built = (subscriptions: HeaderSubscriptions, expression: string, type = 'SQL92') => {
  const result = subscriptions.of('T', expression, type)
  assert.ok(result.ok)
  return result.value
}

test('an expression is compiled once, tags and SQL92 apart', () => {
  const subscriptions = new HeaderSubscriptions()
  const first = built(subscriptions, 'a')
  assert.equal(built(subscriptions, 'a'), first)
  assert.equal(first.match, undefined)
  assert.ok(first.filter)
  const tag = built(subscriptions, 'a', 'TAG')
  assert.deepEqual([tag.filter, tag.match?.(97)], [undefined, true])
})

test('what is illegal is refused each time', () => {
  const subscriptions = new HeaderSubscriptions()
  for (let i = 0; i < 2; i++) assert.equal(subscriptions.of('T', 'a >', 'SQL92').ok, false)
  assert.equal(subscriptions.of('T', 'a', 'WEIRD').ok, false)
})

test('what is remembered is bounded in number and in characters', () => {
  const subscriptions = new HeaderSubscriptions()
  const first = built(subscriptions, 'a = 0')
  for (let i = 1; i < 1024; i++) built(subscriptions, `a = ${i}`)
  assert.equal(built(subscriptions, 'a = 0'), first)
  built(subscriptions, 'a = 1024')
  assert.notEqual(built(subscriptions, 'a = 0'), first)
  const long = (i: number) => `a = '${i}${'x'.repeat(60_000)}'`
  const large = built(subscriptions, long(0))
  for (let i = 1; i < 16; i++) built(subscriptions, long(i))
  assert.equal(built(subscriptions, long(0)), large)
  for (let i = 16; i < 18; i++) built(subscriptions, long(i))
  assert.notEqual(built(subscriptions, long(0)), large)
})
