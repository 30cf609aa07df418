// One store directory, two kinds of broker: what one wrote, the other reads, record by record, and goes on writing.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../lib/ports.mjs'

/** @typedef {import('../lib/suite.mjs').Context} Context */
/** @typedef {import('../lib/driver.mjs').Driver} Driver */
/** @typedef {import('../lib/servers.mjs').Kind} Kind */

/** Small files, so that the log and the queues have several. */
const config = {
  mappedFileSizeCommitLog: 1_048_576,
  mappedFileSizeConsumeQueue: 1_000,
  mapperFileSizeBatchConsumeQueue: 46 * 20,
}
const batchTopic = 'e2e-store-batch'
const topics = ['e2e-store-a', 'e2e-store-b', batchTopic]
const perFill = 216

/** One directory on its way between brokers, on one port, since addresses are part of the records. */
class SharedStore {
  /**
   * @param {Context} context
   * @param {Driver} driver
   * @param {string} namesrv
   * @param {string} name
   * @param {number} port
   */
  constructor(context, driver, namesrv, name, port) {
    this.context = context
    this.driver = driver
    this.namesrv = namesrv
    this.dir = join(context.dir, name)
    this.port = port
    this.dumps = 0
    this.filled = 0
  }

  /** @param {Kind} kind */
  open(kind) {
    const { namesrv, port } = this
    return this.context.servers.startBroker(kind, { namesrv, store: this.dir, port, config })
  }

  /** @param {string} broker */
  async makeBatchTopic(broker) {
    const args = `updateTopic -b ${broker} -t ${batchTopic} -a +queue.type=BatchCQ -n ${this.namesrv}`
    const { printed } = await this.driver.run('mqadmin', { args })
    assert.ok(printed.includes(`create topic to ${broker} success.`), printed)
  }

  /** Adds messages to each topic; those of a batch are one record of the batch topic. */
  async fill() {
    for (const topic of topics) {
      await this.driver.run('fill', { namesrv: this.namesrv, topic, first: this.filled, count: 200 })
    }
    this.filled += perFill
  }

  /** Everything that the broker serves, one line a queue and a message. @returns {Promise<string[]>} */
  async content() {
    this.dumps += 1
    const lines = []
    for (const topic of topics) {
      const file = join(this.context.dir, `dump-${this.port}-${this.dumps}-${topic}.txt`)
      await this.driver.run('dump', { namesrv: this.namesrv, topic, file })
      lines.push(...readFileSync(file, 'utf8').trimEnd().split('\n'))
    }
    return lines
  }

  /** @param {boolean} commit sets them before they are read */
  offsets(commit) {
    return this.driver.run('commitOffsets', {
      namesrv: this.namesrv,
      topic: topics[0],
      commit: commit ? 1 : 0,
    })
  }

  /** Finds the message with that number by its key. @param {number} n */
  async lookUp(n) {
    await this.driver.run('findByKey', { namesrv: this.namesrv, topic: topics[1], n })
  }
}

/** @param {string[]} before @param {string[]} after */
function assertSameContent(before, after) {
  const known = new Set(after)
  const gone = before.filter((line) => !known.has(line))
  const first = gone[0]
  const place = first?.trim().split(' ').slice(0, 2).join(' ')
  const instead = after.find((line) => line.trim().startsWith(place ?? '\n'))
  assert.equal(
    gone.length,
    0,
    `${gone.length} of ${before.length} lines differ, first:\n${first}\n${instead}`,
  )
  assert.equal(after.length, before.length, 'lines of content')
}

/** @param {string[]} lines */
const messagesOf = (lines) => lines.filter((line) => line.startsWith(' '))

/**
 * @param {SharedStore} store
 * @param {Kind} writer
 * @param {Kind} reader
 * @param {boolean} clean
 */
async function thereAndBack(store, writer, reader, clean) {
  const first = await store.open(writer)
  await store.makeBatchTopic(first.address)
  await store.fill()
  const offsets = await store.offsets(true)
  const written = await store.content()
  assert.equal(messagesOf(written).length, perFill * topics.length, 'messages written')
  if (clean) await first.stop()
  else await first.kill()

  const second = await store.open(reader)
  assertSameContent(written, await store.content())
  // Offsets are saved now and then, so a kill may lose the newest.
  if (clean) assert.deepEqual(await store.offsets(false), offsets, 'committed offsets')
  await store.lookUp(7)
  await store.fill()
  const extended = await store.content()
  const kept = new Set(extended)
  const lost = messagesOf(written).filter((line) => !kept.has(line))
  assert.equal(lost.length, 0, `the second broker's sends changed ${lost.length} messages, first: ${lost[0]}`)
  assert.equal(
    messagesOf(extended).length,
    2 * perFill * topics.length,
    'messages after the second broker sent',
  )
  await store.lookUp(perFill + 7)
  await second.stop()

  const third = await store.open(writer)
  assertSameContent(extended, await store.content())
  await store.lookUp(perFill + 7)
  await third.kill()
  return { messages: messagesOf(extended).length }
}

export const storeSuite = {
  name: 'store',
  proves:
    'a store directory goes from our broker to a Java broker and back, after a clean stop and after a kill',
  needs: /** @type {import('../lib/suite.mjs').Need[]} */ (['java-5.3.3']),
  /** @param {Context} context */
  async run(context) {
    const { target } = context
    const namesrv = await context.servers.startNameServer(target)
    const driver = await context.startDriver('java-5.3.3')
    /** @type {[string, Kind, Kind, boolean][]} */
    const ways = [
      ['ours stopped, Java, ours', target, 'apache', true],
      ['ours killed, Java, ours', target, 'apache', false],
      ['Java stopped, ours, Java', 'apache', target, true],
      ['Java killed, ours, Java', 'apache', target, false],
    ]
    for (const [name, writer, reader, clean] of ways) {
      await context.case(name, async () => {
        const port = await freePort([-2, 1])
        const dir = name.replaceAll(/\W+/g, '-')
        const store = new SharedStore(context, driver, namesrv.address, dir, port)
        try {
          return await thereAndBack(store, writer, reader, clean)
        } finally {
          await context.servers.killBrokers()
        }
      })
    }
    await driver.stop()
    await namesrv.stop()
  },
}
