import assert from 'node:assert/strict'
import test from 'node:test'
import { ListenerPool } from './listener-pool.js'

function taskList() {
  const begun: number[] = []
  const enders: (() => void)[] = []
  const task = (number: number) => () => {
    begun.push(number)
    return new Promise<void>((resolve) => enders.push(resolve))
  }
  const turn = () => new Promise<void>((resolve) => process.nextTick(resolve))
  return { begun, enders, task, turn }
}

test('at most so many run at once, the others in their turn', async () => {
  const { begun, enders, task, turn } = taskList()
  const pool = new ListenerPool(2)
  for (let i = 0; i < 4; i++) pool.submit(1, task(i))
  assert.deepEqual(begun, [0, 1])
  enders[1]!()
  await turn()
  assert.deepEqual(begun, [0, 1, 2])
  pool.resize(3)
  assert.deepEqual(begun, [0, 1, 2, 3])
  assert.equal(pool.running, 3)
})

test('drain drops what waits and what comes, and resolves when nothing runs', async () => {
  const { begun, enders, task, turn } = taskList()
  const pool = new ListenerPool(1)
  pool.submit(1, task(0))
  pool.submit(1, task(1))
  let drained = false
  const draining = pool.drain().then(() => {
    drained = true
  })
  pool.submit(1, task(2))
  await turn()
  assert.equal(drained, false)
  enders[0]!()
  await draining
  assert.deepEqual(begun, [0])
})

test('many thousands that wait keep their order', async () => {
  const order: number[] = []
  const pool = new ListenerPool(1)
  for (let i = 0; i < 5000; i++)
    pool.submit(1, async () => {
      order.push(i)
    })
  while (pool.running > 0) await Promise.resolve()
  assert.deepEqual(
    order,
    Array.from({ length: 5000 }, (_, i) => i),
  )
})

test('several calls of one entry run in its turn, each with its number', async () => {
  const order: string[] = []
  const pool = new ListenerPool(2)
  const call = (name: string) => async (index: number) => {
    order.push(`${name}${index}`)
  }
  pool.submit(3, call('a'))
  pool.submit(0, call('none'))
  pool.submit(2, call('b'))
  while (pool.running > 0) await Promise.resolve()
  assert.deepEqual(order, ['a0', 'a1', 'a2', 'b0', 'b1'])
})
