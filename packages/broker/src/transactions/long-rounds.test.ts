import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReadRequest } from '@aerobee/store'
import { propertyText } from '@aerobee/wire'
import { halfTopic, TransactionScene } from './transaction-scene.test.js'

/** Rounds of checks that a slow disk makes last longer than they may: 60 s for a queue (reference: broker-behaviour 9.4). */

const roundMs = 60_000
const readMs = 10_000
const checkEvery = 30_000
/** Halves that one read gives. */
const batch = 32
/** What a round gets to look at: it ends with the read in which its time is over. */
const perRound = batch * (roundMs / readMs)

/** Every read of the half topic takes its time. Returns the offsets that were read from. */
function slowed({ store, clock }: TransactionScene): number[] {
  const from: number[] = []
  const read = store.read.bind(store)
  store.read = async (request: ReadRequest) => {
    if (request.topic === halfTopic) {
      from.push(request.offset)
      await new Promise<void>((resolve) => void clock.after(readMs, resolve))
    }
    return read(request)
  }
  return from
}

async function sceneOf(count: number, more: (i: number) => { properties?: string } = () => ({})) {
  const scene = await TransactionScene.started()
  const producer = scene.producer()
  for (let i = 0; i < count; i++) await producer.prepare(`m${i}`, more(i))
  const asked = () => producer.checks.map(({ name }) => Number(name.slice(1)))
  /** Forward, with a producer that says that it is there. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= readMs) {
      await producer.beat()
      await scene.clock.advance(Math.min(left, readMs))
    }
  }
  return { scene, asked, pass }
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

test('a round of checks ends after 60 s, and the next goes on behind it', async () => {
  const count = perRound + 40
  const { scene, asked, pass } = await sceneOf(count)
  const from = slowed(scene)
  await pass(checkEvery - scene.clock.monoMs() + roundMs)
  assert.deepEqual([asked(), from.length], [numbers(0, perRound), roundMs / readMs])
  await pass(checkEvery - 1)
  assert.equal(from.length, roundMs / readMs, 'between rounds nothing is read')
  // The rest, and then what was asked first, again: its copies lie behind.
  await pass(1 + roundMs)
  assert.equal(from[roundMs / readMs], perRound)
  assert.deepEqual(asked().slice(0, count), numbers(0, count))
  await pass(checkEvery + roundMs)
  const last = asked()
  const times = numbers(0, count).map((n) => last.filter((other) => other === n).length)
  assert.ok(
    Math.max(...times) - Math.min(...times) <= 1,
    `asked ${Math.min(...times)} to ${Math.max(...times)} times`,
  )
  await scene.clock.resolve(scene.broker!.stop())
})

test('halves that are to be left alone for long take no round from those behind them', async () => {
  const properties = propertyText('CHECK_IMMUNITY_TIME_IN_SECONDS', '3600')
  const { scene, asked, pass } = await sceneOf(perRound + 40, (i) => (i < perRound ? { properties } : {}))
  const from = slowed(scene)
  await pass(checkEvery - scene.clock.monoMs() + roundMs)
  assert.deepEqual(asked(), [])
  await pass(checkEvery + 2 * readMs)
  assert.deepEqual(asked(), numbers(perRound, perRound + 40))
  // That round came to the end of the queue, so the next begins at the oldest.
  const reads = from.length
  await pass(roundMs + checkEvery)
  assert.equal(from[reads], 0)
  await scene.clock.resolve(scene.broker!.stop())
})

test('a long round is no reason for a stop to wait', async () => {
  const { scene, asked, pass } = await sceneOf(perRound)
  slowed(scene)
  await pass(checkEvery - scene.clock.monoMs() + 2 * readMs + 1)
  assert.equal(asked().length, 2 * batch)
  const began = scene.clock.monoMs()
  await scene.stop()
  assert.ok(scene.clock.monoMs() - began <= readMs, `${scene.clock.monoMs() - began} ms`)
})
