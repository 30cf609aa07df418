import assert from 'node:assert/strict'
import test from 'node:test'
import { CallTable } from './call-table.js'

const add = (table: CallTable<{ opaque: number }>) => {
  const call = { opaque: -1 }
  table.add(call)
  return call
}

test('a call is found by its number until it is removed', () => {
  const table = new CallTable()
  const [one, two] = [add(table), add(table)]
  assert.deepEqual([one.opaque, two.opaque, table.size], [1, 2, 2])
  assert.equal(table.find(2), two)
  table.remove(two)
  assert.equal(table.find(2), undefined)
  assert.deepEqual(table.list(), [one])
})

test('numbers wrap around at the greatest int32 and skip those under way', () => {
  const table = new CallTable()
  const early = [add(table), add(table), add(table)]
  table.remove(early[1]!)
  table.continueAfter(0x7fff_fffd)
  const later = [add(table), add(table), add(table), add(table), add(table)]
  assert.deepEqual(
    later.map((call) => call.opaque),
    [0x7fff_fffe, 0x7fff_ffff, 0, 2, 4],
  )
  assert.equal(table.find(1), early[0])
  assert.equal(table.find(2), later[3])
})
