import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { AerobeeError, nodeFileSystem as disk, isAerobeeError, utf8, utf8Text } from './index.js'

function withDirectory(run: (directory: string) => void | Promise<void>) {
  return async () => {
    const directory = mkdtempSync(join(tmpdir(), 'aerobee-disk-'))
    try {
      await run(directory)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }
}

const errnoOf = (thrown: unknown) =>
  isAerobeeError(thrown, 'IO_FAILED') ? (thrown.cause as NodeJS.ErrnoException).code : undefined

test(
  'a file made at a size reads as zeros, and what is written is read back',
  withDirectory(async (directory) => {
    const path = join(directory, 'x')
    const file = disk.openSync(path, { create: true, sizeBytes: 10_000 })
    assert.equal(file.sizeBytes(), 10_000)
    file.writeSync(utf8('hello'), 9_000)
    await file.write(utf8('!'), 9_005)
    await file.datasync()
    const target = new Uint8Array(7)
    assert.equal(file.readSync(target, 8_999), 7)
    assert.equal(utf8Text(target), '\0hello!')
    assert.equal(await file.read(new Uint8Array(100), 9_950), 50)
    assert.equal(await file.read(new Uint8Array(100), 10_000), 0)
    file.truncateSync(4)
    assert.equal(disk.infoSync(path)?.sizeBytes, 4)
    file.closeSync()
    file.closeSync()
    assert.throws(() => file.sizeBytes(), AerobeeError)
  }),
)

test(
  'opening with create leaves an existing file as it is, whatever the size asked for',
  withDirectory((directory) => {
    const path = join(directory, 'x')
    const first = disk.openSync(path, { create: true })
    first.writeSync(utf8('kept'), 0)
    first.closeSync()
    const second = disk.openSync(path, { create: true, sizeBytes: 100 })
    assert.equal(second.sizeBytes(), 4)
    second.closeSync()
    assert.equal(utf8Text(disk.readFileSync(path)!), 'kept')
  }),
)

test(
  'a failure says what to do about it',
  withDirectory((directory) => {
    const file = join(directory, 'file')
    disk.openSync(file, { create: true }).closeSync()
    assert.throws(() => disk.readFileSync(join(file, 'x')), {
      code: 'IO_FAILED',
      message: /failed with ENOTDIR\. A part of this path is a file: name another one\.$/,
    })
  }),
)

test(
  'a missing file is undefined where the signature says so and IO_FAILED with ENOENT elsewhere',
  withDirectory((directory) => {
    const path = join(directory, 'missing')
    assert.equal(disk.infoSync(path), undefined)
    assert.equal(disk.readFileSync(path), undefined)
    assert.deepEqual(disk.listSync(path), [])
    disk.removeTreeSync(path)
    for (const call of [() => disk.openSync(path), () => disk.removeSync(path)]) {
      assert.throws(call, (thrown) => errnoOf(thrown) === 'ENOENT')
    }
  }),
)

test(
  'a read-only file refuses writes',
  withDirectory((directory) => {
    const path = join(directory, 'x')
    disk.openSync(path, { create: true }).closeSync()
    const file = disk.openSync(path, { readOnly: true })
    assert.throws(
      () => file.writeSync(utf8('x'), 0),
      (thrown) => errnoOf(thrown) === 'EBADF',
    )
    file.closeSync()
  }),
)

test('a directory that cannot be made is an error, also where the system says that none is above it', () => {
  for (const path of [import.meta.filename, join(import.meta.filename, 'a/b')])
    assert.throws(
      () => disk.makeDirectorySync(path),
      (thrown) => ['EEXIST', 'ENOTDIR'].includes(errnoOf(thrown)!),
      path,
    )
  if (disk.infoSync('/proc') === undefined) return
  assert.throws(
    () => disk.makeDirectorySync('/proc/aerobee/store'),
    (thrown) => errnoOf(thrown) === 'ENOENT',
  )
})

test(
  'names are made, listed in order, renamed over one another and removed',
  withDirectory(async (directory) => {
    disk.makeDirectorySync(join(directory, 'a/b'))
    disk.makeDirectorySync(join(directory, 'a/b'))
    for (const name of ['2', '1']) disk.openSync(join(directory, 'a/b', name), { create: true }).closeSync()
    assert.deepEqual(disk.listSync(join(directory, 'a/b')), ['1', '2'])
    disk.renameSync(join(directory, 'a/b/1'), join(directory, 'a/b/2'))
    disk.syncDirectorySync(join(directory, 'a/b'))
    await disk.syncDirectory(join(directory, 'a/b'))
    assert.deepEqual(disk.listSync(join(directory, 'a/b')), ['2'])
    assert.equal(disk.infoSync(join(directory, 'a'))?.directory, true)
    disk.removeTreeSync(join(directory, 'a'))
    assert.equal(disk.infoSync(join(directory, 'a')), undefined)
  }),
)

test(
  'the space of a partition is known',
  withDirectory((directory) => {
    const { totalBytes, usableBytes } = disk.spaceSync(directory)
    assert.ok(totalBytes > 0 && usableBytes >= 0 && usableBytes <= totalBytes)
  }),
)
