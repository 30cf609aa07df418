import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger, utf8, utf8Text } from '@aerobee/base'
import { crashAtEveryStep, FaultFileSystem } from '@aerobee/testkit'
import { FixedFile } from './fixed-file.js'

const path = '/store/fixed'
const sizeBytes = 4096
const opened = (fileSystem: FaultFileSystem) =>
  new FixedFile({ fileSystem, logger: silentLogger, path, sizeBytes })
const pieces = (text: string) => [
  { bytes: utf8(text), at: 512 },
  { bytes: utf8(text), at: 0 },
]
function contents(disk: FaultFileSystem): [string, string] {
  const bytes = opened(disk).read()!
  assert.equal(bytes.length, sizeBytes)
  const at = (from: number) => utf8Text(bytes.subarray(from, from + 1))
  return [at(0), at(512)]
}

function emptyDisk(): FaultFileSystem {
  const disk = new FaultFileSystem()
  disk.place('/store/lock', new Uint8Array())
  return disk
}

test('a piece is durable before the next one is written, and a file that failed is replaced as a whole', async () => {
  await crashAtEveryStep({
    prepare: async (disk) => {
      disk.place('/store/lock', new Uint8Array())
      await opened(disk).write(pieces('a'))
    },
    script: async (disk) => {
      const file = opened(disk)
      await file.write(pieces('b'))
      disk.fail({ call: 'datasync' })
      await assert.rejects(file.write(pieces('c')), { code: 'IO_FAILED' })
      await file.write(pieces('d'))
      file.writeSync(pieces('e'))
    },
    verify: ({ disk, kind }) => {
      if (kind === 'torn-kill') return
      const [first, second] = contents(disk)
      assert.ok('abcde'.includes(first) && second >= first, `${first} ${second}`)
    },
  })
})

test('after a failed write or sync the next one counts, whatever became of the first', async () => {
  for (const call of ['datasync', 'write'] as const) {
    const disk = emptyDisk()
    const file = opened(disk)
    await file.write(pieces('a'))
    disk.fail({ call })
    await assert.rejects(file.write(pieces('b')), { code: 'IO_FAILED' })
    assert.deepEqual(contents(disk.afterPowerCut({ keep: 'none' }))[0], 'a')
    disk.fail({ call, path: /new/ })
    await assert.rejects(file.write(pieces('c')), { code: 'IO_FAILED' })
    await file.write(pieces('d'))
    assert.deepEqual(contents(disk.afterPowerCut({ keep: 'none' })), ['d', 'd'])
    file.writeSync(pieces('e'))
    assert.deepEqual(contents(disk.afterPowerCut({ keep: 'none' })), ['e', 'e'])
    assert.deepEqual(disk.listSync('/store'), ['fixed', 'lock'])
  }
})
