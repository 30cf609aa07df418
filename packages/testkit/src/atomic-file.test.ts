import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AtomicFile, bad, type Clock, good, isAerobeeError, type Logger, utf8, utf8Text } from '@aerobee/base'
import { crashAtEveryStep, FaultFileSystem } from '@aerobee/testkit'

const clock = { wallMs: () => 1_795_510_000_123 } as Clock
const path = '/store/config/topics.json'
const parse = (text: string) => (/^<\d+>$/.test(text) ? good(Number(text.slice(1, -1))) : bad('no brackets'))
const textOf = (value: number) => `<${value}>`

function fileOn(disk: FaultFileSystem, lines: string[] = []): AtomicFile {
  const note = (message: string) => lines.push(message)
  const logger: Logger = { debug: note, info: note, warn: note, error: note }
  return new AtomicFile({ fileSystem: disk, clock, logger, path })
}

function diskWith(files: Record<string, string>): FaultFileSystem {
  const disk = new FaultFileSystem()
  disk.place('/store/config/other.json', utf8('x'))
  for (const [suffix, text] of Object.entries(files)) disk.place(path + suffix, utf8(text))
  return disk
}

const contentOf = (disk: FaultFileSystem, suffix = '') => {
  const bytes = disk.readFileSync(path + suffix)
  return bytes && utf8Text(bytes)
}

test('the last saved text is loaded, and the one before it is kept as .bak', async () => {
  const disk = diskWith({})
  const file = fileOn(disk)
  assert.equal(file.load(parse), undefined)
  file.saveSync(textOf(1))
  assert.equal(file.load(parse), 1)
  await file.save(textOf(2))
  assert.equal(fileOn(disk).load(parse), 2)
  assert.equal(contentOf(disk, '.bak'), '<1>')
  assert.deepEqual(disk.listSync('/store/config'), ['other.json', 'topics.json', 'topics.json.bak'])
})

test('killed or cut at every step of a save, the old or the new content is loaded', async () => {
  for (const mode of ['now', 'later'] as const) {
    let saved = 0
    const images = await crashAtEveryStep({
      prepare: (disk) => {
        saved = 0
        disk.place(path, utf8('<0>'))
        disk.place(`${path}.bak`, utf8('<1>'))
      },
      script: async (disk) => {
        const file = fileOn(disk)
        for (let i = 1; i <= 3; i++) {
          const text = textOf(i)
          if (mode === 'now') file.saveSync(text)
          else await file.save(text)
          saved = i
        }
      },
      verify: ({ disk, label }) => {
        const value = fileOn(disk).load(parse)
        assert.ok(value !== undefined, label)
        assert.ok(value >= 0 && value <= 3)
        fileOn(disk).saveSync(textOf(3))
        assert.equal(fileOn(disk.afterPowerCut({ keep: 'none' })).load(parse), 3, label)
      },
    })
    assert.equal(saved, 3)
    assert.ok(images >= 3 * 6 * 4, `${images} images`)
  }
})

test('a save that returned survives every power cut', async () => {
  const disk = diskWith({ '': '<0>' })
  const file = fileOn(disk)
  for (let i = 1; i <= 20; i++) {
    if (i % 2) file.saveSync(textOf(i))
    else await file.save(textOf(i))
    for (let seed = 1; seed <= 5; seed++) {
      assert.equal(fileOn(disk.afterPowerCut({ seed })).load(parse), i, `seed ${seed}`)
    }
  }
})

test('the first save too leaves nothing or the whole content', async () => {
  await crashAtEveryStep({
    prepare: (disk) => disk.place('/store/config/other.json', utf8('x')),
    script: (disk) => fileOn(disk).save(textOf(1)),
    verify: ({ disk }) => {
      const value = fileOn(disk).load(parse)
      assert.ok(value === undefined || value === 1)
    },
  })
})

test('a damaged file is set aside and the .bak is used', () => {
  const lines: string[] = []
  const disk = diskWith({ '': 'garbage', '.bak': '<7>' })
  const file = fileOn(disk, lines)
  assert.equal(file.load(parse), 7)
  const aside = disk.listSync('/store/config').find((name) => /^topics\.json\.corrupt-\d{17}$/.test(name))
  assert.equal(utf8Text(disk.readFileSync(`/store/config/${aside}`)!), 'garbage')
  assert.match(lines[0]!, /unreadable \(no brackets\).*topics\.json\.bak/)
  file.saveSync(textOf(8))
  assert.equal(contentOf(disk, '.bak'), '<7>')
  assert.equal(contentOf(disk), '<8>')
})

test('when neither can be used the load refuses, every time, and keeps both', () => {
  const cases: Record<string, string>[] = [
    { '': 'garbage' },
    { '': 'garbage', '.bak': '' },
    { '': 'garbage', '.bak': 'worse' },
    { '': '', '.bak': '' },
    { '.bak': 'garbage' },
  ]
  for (const files of cases) {
    const disk = diskWith(files)
    const names = disk.listSync('/store/config')
    for (let again = 0; again < 2; again++) {
      assert.throws(
        () => fileOn(disk).load(parse),
        (thrown) => isAerobeeError(thrown, 'STORE_CORRUPT') && /topics\.json.*move both/.test(thrown.message),
        JSON.stringify(files),
      )
    }
    assert.deepEqual(disk.listSync('/store/config'), names)
  }
})

test('missing or empty with a good .bak uses that; an empty file of a first save is none', () => {
  assert.equal(fileOn(diskWith({ '.bak': '<5>' })).load(parse), 5)
  assert.equal(fileOn(diskWith({ '': '', '.bak': '<5>' })).load(parse), 5)
  assert.equal(fileOn(diskWith({ '': '' })).load(parse), undefined)
  const disk = diskWith({ '': '', '.bak': '<5>' })
  fileOn(disk).saveSync(textOf(6))
  assert.equal(contentOf(disk, '.bak'), '<5>', 'an empty file does not replace a good .bak')
})

test('text that is not UTF-8 counts as damaged', () => {
  const disk = diskWith({ '.bak': '<5>' })
  disk.place(path, Uint8Array.of(0x3c, 0xff, 0x3e))
  assert.equal(fileOn(disk).load(parse), 5)
})

test('a save that fails leaves the content before, and the next one succeeds', async () => {
  for (const call of ['write', 'datasync', 'create', 'rename'] as const) {
    const disk = diskWith({ '': '<1>' })
    const file = fileOn(disk)
    disk.fail({ call, errno: call === 'write' ? 'ENOSPC' : 'EIO', torn: true })
    assert.throws(() => file.saveSync(textOf(2)), { code: 'IO_FAILED' })
    assert.equal(fileOn(disk).load(parse), 1, call)
    disk.fail({ call })
    await assert.rejects(file.save(textOf(3)), { code: 'IO_FAILED' })
    assert.equal(fileOn(disk.afterPowerCut()).load(parse), 1, call)
    await file.save(textOf(4))
    assert.equal(fileOn(disk.afterPowerCut({ keep: 'none' })).load(parse), 4, call)
  }
})

test('texts that come while one is written replace each other', async () => {
  const disk = diskWith({ '': '<1>' })
  const file = fileOn(disk)
  const hold = disk.hold('datasync', '.tmp')
  const saves = [file.save(textOf(2))]
  await hold.reached()
  for (let i = 3; i <= 9; i++) saves.push(file.save(textOf(i)))
  hold.release()
  await Promise.all(saves)
  assert.equal(contentOf(disk), '<9>')
  assert.equal(disk.totals(/tmp/).datasyncs, 2)
})

test('a save now, in the midst of one under way, is not undone by it', async () => {
  const disk = diskWith({ '': '<1>' })
  const file = fileOn(disk)
  const hold = disk.hold('datasync', '.tmp')
  const slow = file.save(textOf(2))
  await hold.reached()
  file.saveSync(textOf(3))
  hold.release()
  await slow
  assert.equal(contentOf(disk), '<3>')
  assert.equal(contentOf(disk, '.bak'), '<1>')
})
