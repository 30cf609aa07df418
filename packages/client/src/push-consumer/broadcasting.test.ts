import assert from 'node:assert/strict'
import test from 'node:test'
import { utf8, utf8Text } from '@aerobee/base'
import { FaultFileSystem } from '@aerobee/testkit'
import { commands } from '@aerobee/wire'
import { FakeCluster } from '../fake-cluster.test.js'
import { LocalOffsets } from '../offsets/local-offsets.js'
import { PushConsumer } from './push-consumer.js'

const directory = '/home/offsets/10.0.0.101@DEFAULT/g'

async function start(cluster: FakeCluster, files: FaultFileSystem, got: string[], failing = false) {
  const { surroundings, ...options } = cluster.options({ clientIP: '10.0.0.101' })
  const { instanceName: _name, ...rest } = options
  const consumer = cluster.use(
    new PushConsumer({
      ...rest,
      surroundings: { ...surroundings!, fileSystem: files },
      consumerGroup: 'g',
      messageModel: 'BROADCASTING',
      from: 'earliest',
      localOffsetStoreDir: '/home/offsets',
    }),
  )
  consumer.subscribe('T')
  await cluster.clock.resolve(
    consumer.run((message) => {
      got.push(message.text())
      if (failing) throw new Error('so it is')
    }),
  )
  return consumer
}

test('every member gets every message, and keeps its offsets in a file of its own', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 2)
  for (let i = 0; i < 6; i++) cluster.broker.put({ topic: 'T', queueId: i % 2, body: `m${i}` })
  const files = new FaultFileSystem()
  const got: string[] = []
  const other: string[] = []
  const first = await start(cluster, files, got)
  await start(cluster, new FaultFileSystem(), other)
  await cluster.pass(7000)
  assert.equal(got.length, 6)
  assert.equal(other.length, 6)
  const text = utf8Text(files.readFileSync(`${directory}/offsets.json`)!)
  assert.match(text, /"offsetTable":\{\s*\{"brokerName":"broker-a","queueId":0,"topic":"T"\}:3,/)
  assert.equal(cluster.broker.seen(commands.updateConsumerOffset).length, 0)
  assert.equal(
    cluster.broker.seen(commands.pullMessage).every(({ fields }) => fields.commitOffset === 0),
    true,
  )
  await cluster.clock.resolve(first.close())
  cluster.broker.put({ topic: 'T', queueId: 0, body: 'm6' })
  got.length = 0
  await start(cluster, files, got)
  await cluster.pass(2000)
  assert.deepEqual(got, ['m6'])
  await cluster.close()
})

test('two consumers of a process may not keep their offsets in one file, one after the other may', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  const files = new FaultFileSystem()
  const first = await start(cluster, files, [])
  await assert.rejects(start(cluster, files, []), {
    code: 'INVALID_ARGUMENT',
    message:
      /^another broadcasting consumer of this process keeps its offsets in .*@DEFAULT\/g: give each an/,
  })
  await cluster.clock.resolve(first.close())
  await start(cluster, files, [])
  await cluster.close()
})

test('what fails is not sent back', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  cluster.broker.put({ topic: 'T', queueId: 0, body: 'm0', properties: { UNIQ_KEY: 'ID0' } })
  const got: string[] = []
  await start(cluster, new FaultFileSystem(), got, true)
  await cluster.pass(20_000)
  assert.deepEqual(got, ['m0'])
  assert.equal(cluster.broker.seen(commands.consumerSendMsgBack).length, 0)
  assert.equal(cluster.lines(/BROADCASTING, the message consume failed, drop it, ID0/).length, 1)
  await cluster.close()
})

test('a file as Java writes it is read, and one that is not readable is passed over for its backup', async () => {
  const files = new FaultFileSystem()
  const write = (name: string, text: string) => {
    files.makeDirectorySync(directory)
    const file = files.openSync(`${directory}/${name}`, { create: true })
    file.truncateSync(0)
    file.writeSync(utf8(text), 0)
    file.closeSync()
  }
  const java =
    '{\n\t"offsetTable":{{\n\t\t\t"brokerName":"b",\n\t\t\t"queueId":0,\n\t\t\t"topic":"T"\n\t\t}:17\n\t}\n}'
  const queue = { topic: 'T', brokerName: 'b', queueId: 0 }
  write('offsets.json', java)
  assert.equal(await new LocalOffsets(files, directory).read(queue), 17)
  write('offsets.json.bak', java)
  for (const spoiled of ['', '{"offsetTable":{{"bro']) {
    write('offsets.json', spoiled)
    assert.equal(await new LocalOffsets(files, directory).read(queue), 17)
  }
  write('offsets.json.bak', '{"offsetTable":{{"bro')
  assert.throws(
    () => new LocalOffsets(files, directory).load(),
    /neither .*offsets.json nor its backup can be read/,
  )
})

test('saving merges into the file and keeps what it was before', async () => {
  const files = new FaultFileSystem()
  const slot = (queueId: number, offset: number) => ({
    queue: { topic: 'T', brokerName: 'b', queueId },
    offset,
    saved: -1,
    frozen: false,
  })
  const store = new LocalOffsets(files, directory)
  assert.deepEqual(await store.write([slot(0, 5)]), [])
  assert.deepEqual(await store.write([slot(1, 7)]), [])
  const again = new LocalOffsets(files, directory)
  assert.equal(await again.read(slot(0, 0).queue), 5)
  assert.equal(await again.read(slot(1, 0).queue), 7)
  assert.match(utf8Text(files.readFileSync(`${directory}/offsets.json.bak`)!), /:5\s*\}\s*\}$/)
})
