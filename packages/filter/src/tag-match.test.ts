import assert from 'node:assert/strict'
import { test } from 'node:test'
import { javaHash } from '@aerobee/base'
import { buildSubscription } from './subscription.js'
import { matchesTag, tagsCodeMatch } from './tag-match.js'

const subscribed = (expression: string, type?: string) => {
  const built = buildSubscription('T', expression, type)
  assert.ok(built.ok)
  return built.value
}

test('the star, an unknown type and SQL take every queue entry', () => {
  assert.equal(tagsCodeMatch(subscribed('*')), undefined)
  assert.equal(tagsCodeMatch(subscribed('a > 1', 'SQL92')), undefined)
  assert.equal(tagsCodeMatch(subscribed('a', 'WEIRD')), undefined)
})

test('an entry matches when the hash of its tag is one of the expression', () => {
  const one = tagsCodeMatch(subscribed('TagA'))!
  assert.equal(one(javaHash('TagA')), true)
  assert.equal(one(javaHash('TagB')), false)
  const two = tagsCodeMatch(subscribed('TagA || TagB'))!
  assert.equal(two(javaHash('TagB')), true)
  assert.equal(two(0), false)
})

test('a negative hash matches its sign-extended and its unsigned form', () => {
  const match = tagsCodeMatch(subscribed('a && b'))!
  assert.equal(match(-1487217311), true)
  assert.equal(match(2 ** 32 - 1487217311), true)
  assert.equal(tagsCodeMatch(subscribed('a && b || x'))!(2 ** 32 - 1487217311), true)
})

test('an expression of blanks matches nothing', () => {
  assert.equal(tagsCodeMatch(subscribed(' '))!(0), false)
})

test('tags with the same hash are told apart by text only', () => {
  const subscription = subscribed('Aa')
  assert.equal(tagsCodeMatch(subscription)!(javaHash('BB')), true)
  assert.equal(matchesTag(subscription, 'BB'), false)
  assert.equal(matchesTag(subscription, 'Aa'), true)
  assert.equal(matchesTag(subscription, undefined), false)
  assert.equal(matchesTag(subscribed('*'), undefined), true)
})
