import assert from 'node:assert/strict'
import test from 'node:test'
import { OutboundBudget, type OutboundShare } from './outbound-budget.js'

function scene() {
  const time = { tick: 7 }
  const budget = new OutboundBudget(() => time.tick, {
    totalBytes: 1000,
    shareOfRest: 0.1,
    greedyTimes: 4,
    greedyLeastBytes: 20,
    endBytes: 1200,
  })
  const gone: string[] = []
  const share = (name: string): OutboundShare =>
    budget.share({ onFault: (reason) => void gone.push(`${name}: ${reason}`) })
  return { time, budget, gone, share, names: () => gone.map((line) => line.split(':')[0]) }
}

test('the more waits for all, the less may wait for one', () => {
  const { budget, share } = scene()
  assert.equal(budget.pauseBytes, 100)
  const one = share('one')
  one.set(200)
  assert.equal(budget.pauseBytes, 80)
  share('other').set(200)
  assert.equal(one.pauseBytes, 60)
  one.set(0)
  assert.equal(budget.pauseBytes, 80)
  assert.equal(budget.bytes, 200)
})

test('a peer with four times its part waiting goes', () => {
  const { gone, share, budget } = scene()
  const greedy = share('greedy')
  greedy.set(285)
  assert.deepEqual(gone, [])
  greedy.set(286)
  assert.match(gone[0]!, /^greedy: it does not read: 286 bytes wait for it, and 286 for all peers together/)
  assert.equal(budget.bytes, 0)
})

test('those that have stalled go before one that is greedy only now', () => {
  const { time, budget, share, names } = scene()
  for (const name of ['a', 'b', 'c', 'd']) share(name).set(100)
  time.tick++
  const busy = share('busy')
  busy.set(150)
  assert.deepEqual(names(), [])
  busy.set(201)
  assert.deepEqual(names(), ['a', 'b'])
  assert.equal(busy.bytes, 201)
  assert.equal(budget.bytes, 401)
})

test('a thousand peers that read nothing cost no more than what may wait for all and a little for each', () => {
  const { budget, share, gone } = scene()
  for (let i = 0; i < 1000; i++) {
    const deaf = share(`deaf ${i}`)
    for (let bytes = 10; bytes <= 600 && gone.length <= i; bytes += 10) {
      deaf.set(bytes)
      if (deaf.bytes === 0) break
    }
    assert.ok(budget.bytes <= 1200, `${budget.bytes}`)
  }
  assert.ok(gone.length > 900)
})

test('above the end the peers that took nothing for the longest go, as many as it needs', () => {
  const { budget, share, names } = scene()
  const shares = Array.from({ length: 70 }, (_, i) => share(`${i}`))
  for (const one of shares.slice(0, 60)) one.set(20)
  shares[0]!.taken()
  assert.deepEqual(names(), [])
  shares[60]!.set(20)
  shares[61]!.set(20)
  assert.deepEqual(names(), ['1', '2'])
  assert.equal(budget.bytes, 1200)
})

test('what was taken is no longer counted, and taking without waiting changes nothing', () => {
  const { budget, gone, share } = scene()
  const one = share('one')
  one.taken()
  for (let i = 0; i < 1000; i++) {
    one.set(200)
    one.taken()
    one.set(0)
  }
  assert.equal(budget.bytes, 0)
  assert.deepEqual(gone, [])
})
