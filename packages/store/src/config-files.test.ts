import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clock, silentLogger, utf8, utf8Text } from '@aerobee/base'
import { FaultFileSystem } from '@aerobee/testkit'
import { ConfigFile, type ConfigFileName } from './config-files.js'
import { type FixtureName, fixtureDisk } from './fixture-store.test.js'

const clock = { wallMs: () => 1_795_510_000_123 } as Clock
const open = (disk: FaultFileSystem, name: ConfigFileName) =>
  new ConfigFile({ fileSystem: disk, clock, logger: silentLogger, directory: '/store/config' }, name)
const textOf = (disk: FaultFileSystem, name: string) => utf8Text(disk.readFileSync(`/store/config/${name}`)!)

const names: ConfigFileName[] = [
  'topics.json',
  'subscriptionGroup.json',
  'consumerOffset.json',
  'delayOffset.json',
]

for (const fixture of ['clean', 'crash'] as FixtureName[]) {
  for (const name of names) {
    test(`${name} of RocketMQ's ${fixture} directory is read, and saved again has its bytes`, async () => {
      const disk = fixtureDisk(fixture)
      const theirs = textOf(disk, name)
      const document = open(disk, name).load()
      assert.ok(document)
      const fresh = new FaultFileSystem()
      open(fresh, name).save(document)
      assert.equal(textOf(fresh, name), theirs)
      await open(fresh, name).saveInBackground({ ...document, dataVersion: undefined })
      assert.equal(textOf(fresh, `${name}.bak`), theirs)
      assert.deepEqual(open(fresh, name).load()?.dataVersion, undefined)
    })
  }
}

test('fields come in alphabetical order, whatever order they are given in', () => {
  const disk = new FaultFileSystem()
  const dataVersion = { stateVersion: 0, timestamp: 5, counter: 1 }
  open(disk, 'consumerOffset.json').save({
    offsetTable: { 'T@G': { 0: 12, 1: 5 }, 'A@G': {} },
    dataVersion,
    groupTopicMap: { G: ['T', 'A'] },
    nothing: null,
  })
  assert.equal(
    textOf(disk, 'consumerOffset.json'),
    `{
	"dataVersion":{
		"counter":1,
		"stateVersion":0,
		"timestamp":5
	},
	"groupTopicMap":{
		"G":["T","A"]
	},
	"offsetTable":{
		"T@G":{0:12,1:5
		},
		"A@G":{}
	}
}`,
  )
  open(disk, 'delayOffset.json').save({ offsetTable: { 1: 3, 18: 0 }, dataVersion: {} })
  assert.equal(textOf(disk, 'delayOffset.json'), '{\n\t"dataVersion":{},\n\t"offsetTable":{1:3,18:0\n\t}\n}')
  const { offsetTable } = open(disk, 'delayOffset.json').load()!
  assert.deepEqual(Object.entries(offsetTable as object), [
    ['1', 3],
    ['18', 0],
  ])
})

test('text with quotes, control characters and beyond ASCII comes back', () => {
  const disk = new FaultFileSystem()
  const document = {
    topicConfigTable: { 'a"\\\n北京\u{1f41d}': { attributes: { k: 'v\t' }, topicName: 'x' } },
  }
  open(disk, 'topics.json').save(document)
  assert.deepEqual(open(disk, 'topics.json').load(), document)
})

test('JSON that is no object refuses the start', () => {
  for (const text of ['[]', '7', 'null', '{"a":', '{} x']) {
    const disk = new FaultFileSystem()
    disk.place('/store/config/topics.json', utf8(text))
    assert.throws(() => open(disk, 'topics.json').load(), { code: 'STORE_CORRUPT' }, text)
  }
})

test('the directory is made, and survives a power cut with its first file', () => {
  const disk = new FaultFileSystem()
  open(disk, 'topics.json').save({ topicConfigTable: {} })
  const image = disk.afterPowerCut({ keep: 'none' })
  assert.deepEqual(open(image, 'topics.json').load(), { topicConfigTable: {} })
})
