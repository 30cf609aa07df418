import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '@aerobee/base'
import { crashAtEveryStep, FaultFileSystem } from '@aerobee/testkit'
import { AbortMarker } from './abort-marker.js'
import { Checkpoint, type CheckpointValues } from './checkpoint.js'
import { fixtureDisk } from './fixture-store.test.js'

const path = '/store/checkpoint'
const values = (n: number): CheckpointValues => ({
  physicMsgTimestamp: 1_795_510_000_000 + n,
  logicsMsgTimestamp: 1_795_510_000_001 + n,
  indexMsgTimestamp: n,
  masterFlushedOffset: 2 ** 40 + n,
  confirmPhyOffset: n * 2,
})
const zeros: CheckpointValues = {
  physicMsgTimestamp: 0,
  logicsMsgTimestamp: 0,
  indexMsgTimestamp: 0,
  masterFlushedOffset: 0,
  confirmPhyOffset: 0,
}
const open = (disk: FaultFileSystem) => new Checkpoint(disk, silentLogger, path)
const emptyDisk = () => {
  const disk = new FaultFileSystem()
  disk.place('/store/lock', new Uint8Array())
  return disk
}

test("RocketMQ's checkpoint is read, and ours has its bytes", async () => {
  const disk = fixtureDisk('clean')
  const theirs = disk.readFileSync(path)
  const read = open(disk).load()
  assert.deepEqual(read, {
    physicMsgTimestamp: 1_795_512_323_579,
    logicsMsgTimestamp: 1_795_512_323_579,
    indexMsgTimestamp: 1_795_510_274_665,
    masterFlushedOffset: 0,
    confirmPhyOffset: 187_976,
  })
  const fresh = emptyDisk()
  await open(fresh).save(read)
  assert.deepEqual(fresh.readFileSync(path), theirs)
})

test('a saved checkpoint survives, at every step the old or the new one is there', async () => {
  await crashAtEveryStep({
    prepare: async (disk) => {
      disk.place('/store/lock', new Uint8Array())
      await open(disk).save(values(0))
    },
    script: async (disk) => {
      const checkpoint = open(disk)
      await checkpoint.save(values(1))
      checkpoint.saveSync(values(2))
    },
    verify: ({ disk, kind }) => {
      // Forty bytes in one sector: no kernel and no device tears them.
      if (kind === 'torn-kill') return
      const { indexMsgTimestamp } = open(disk).load()
      assert.deepEqual(open(disk).load(), values(indexMsgTimestamp))
    },
  })
})

test('missing, short, zeroed or senseless: nothing is known, and saving goes on', () => {
  const contents = [
    undefined,
    new Uint8Array(0),
    new Uint8Array(17),
    new Uint8Array(4096),
    new Uint8Array(4096).fill(255),
  ]
  for (const content of contents) {
    const disk = emptyDisk()
    if (content) disk.place(path, content)
    assert.deepEqual(open(disk).load(), zeros)
    open(disk).saveSync(values(5))
    assert.deepEqual(open(disk).load(), values(5))
    assert.equal(disk.infoSync(path)?.sizeBytes, 4096)
  }
})

test('after a failed sync the next save uses a new file', async () => {
  const disk = emptyDisk()
  const checkpoint = open(disk)
  await checkpoint.save(values(1))
  disk.fail({ call: 'datasync' })
  await assert.rejects(checkpoint.save(values(2)), { code: 'IO_FAILED' })
  await checkpoint.save(values(3))
  assert.deepEqual(open(disk.afterPowerCut({ keep: 'none' })).load(), values(3))
})

test('the abort marker is there from set to clear, whatever happens', async () => {
  const disk = emptyDisk()
  const marker = new AbortMarker(disk, '/store/abort')
  assert.equal(marker.exists(), false)
  marker.set(4711)
  assert.equal(Buffer.from(disk.readFileSync('/store/abort')!).toString(), '4711')
  assert.equal(new AbortMarker(disk.afterPowerCut({ keep: 'none' }), '/store/abort').exists(), true)
  marker.set(8)
  assert.equal(Buffer.from(disk.readFileSync('/store/abort')!).toString(), '8')
  marker.clear()
  marker.clear()
  assert.equal(new AbortMarker(disk.afterPowerCut({ keep: 'none' }), '/store/abort').exists(), false)
  assert.equal(new AbortMarker(fixtureDisk('crash'), '/store/abort').exists(), true)
})
