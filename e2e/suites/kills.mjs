// The broker is stopped, or killed with SIGKILL, again and again under load. Every acknowledged message must still be
// at the queue and offset that the acknowledgement named, and must have reached a push consumer that ran all the time.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { assertNothingLost, assertOrderly, readSpans } from '../lib/deliveries.mjs'
import { freePort } from '../lib/ports.mjs'
import { MissingTool } from '../lib/tools.mjs'

/** @typedef {import('../lib/suite.mjs').Context} Context */

const progressDeadlineMs = 60_000
const topic = 'e2e-load'

/**
 * Lines "number queueId queueOffset" as [number, "queueId@queueOffset"].
 * @param {string} file
 * @returns {[string, string][]}
 */
function places(file) {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  return lines.map((line) => {
    const [n, queueId, queueOffset] = line.split(' ')
    return [n, `${queueId}@${queueOffset}`]
  })
}

/**
 * @param {Context} context
 * @param {import('../lib/driver.mjs').Driver} driver
 * @param {import('../lib/servers.mjs').Cluster} cluster
 * @param {{ times: number, end: () => Promise<unknown>, orderly: boolean }} rounds how often the broker ends, and in which
 *   way; `orderly`: a consumer in order goes on all the time, too
 */
async function runUnderLoad(context, driver, cluster, { times, end, orderly }) {
  const files = {
    acknowledged: 'acknowledged.txt',
    stored: 'stored.txt',
    seen: 'seen.txt',
    spans: 'spans.txt',
  }
  /** @param {keyof typeof files} name */
  const file = (name) => join(context.dir, files[name])
  const client = { namesrv: cluster.namesrv, broker: cluster.broker, topic }
  const producing = driver.start('produce', { ...client, file: file('acknowledged') })
  await producing.until(
    ({ acknowledged }) => acknowledged > 0,
    progressDeadlineMs,
    'the first acknowledgement',
  )
  const consuming = driver.start('consume', { ...client, file: file('seen') })
  const inOrder = orderly
    ? driver.start('member', { ...client, group: `${topic}-orderly`, orderly: 1, file: file('spans') })
    : undefined
  for (let round = 0; round < times; round += 1) {
    // Another amount each time, so that the end does not always come at the same point of the broker's work.
    const enough = producing.figures.acknowledged + 100 + ((round * 137) % 400)
    const what = `acknowledgements to go on after ${round} of ${times} ends of the broker`
    await producing.until(({ acknowledged }) => acknowledged >= enough, progressDeadlineMs, what)
    await end()
    await cluster.start()
  }
  const last = producing.figures.acknowledged + 100
  await producing.until(
    ({ acknowledged }) => acknowledged >= last,
    progressDeadlineMs,
    'acknowledgements at the end',
  )
  const { acknowledged, failed } = await producing.stop()

  const { stored } = await driver.run('stored', { ...client, file: file('stored') })
  const numberAt = new Map(places(file('stored')).map(([n, place]) => [place, n]))
  const lost = places(file('acknowledged')).filter(([n, place]) => numberAt.get(place) !== n)
  const sample = lost.slice(0, 5).map(([n, place]) => `${n} at ${place}, where ${numberAt.get(place)} is`)
  assert.equal(
    lost.length,
    0,
    `of ${acknowledged} acknowledged messages ${lost.length} are not in place: ${sample}`,
  )

  const distinct = new Set(numberAt.values())
  await consuming.until(
    ({ seen }) => seen >= distinct.size,
    progressDeadlineMs,
    `${distinct.size} messages consumed`,
  )
  const { again } = await consuming.stop()
  const seen = new Set(readFileSync(file('seen'), 'utf8').split('\n'))
  const unseen = [...distinct].filter((n) => !seen.has(n))
  assert.equal(
    unseen.length,
    0,
    `${unseen.length} stored messages never reached the consumer: ${unseen.slice(0, 5)}`,
  )
  if (inOrder) await checkOrder(inOrder, file('spans'), [...distinct].map(Number))
  return { acknowledged, stored, failed, 'delivered again': again }
}

/**
 * @param {ReturnType<import('../lib/driver.mjs').Driver['start']>} member
 * @param {string} file
 * @param {number[]} stored
 */
async function checkOrder(member, file, stored) {
  await member.until(({ taken }) => taken >= stored.length, 2 * progressDeadlineMs, 'all messages in order')
  await member.stop()
  const spans = readSpans(file, 'the consumer in order')
  assertNothingLost(spans, stored)
  assertOrderly(spans)
}

/** @param {Context} context @param {import('../lib/suite.mjs').Need} preferred */
async function startEither(context, preferred) {
  const other = preferred === 'go' ? 'java-5.3.3' : 'go'
  try {
    return await context.startDriver(preferred)
  } catch (error) {
    if (!(error instanceof MissingTool)) throw error
    return context.startDriver(other).catch((second) => {
      throw second instanceof MissingTool
        ? new MissingTool(`${error.message}, and ${second.message}`)
        : second
    })
  }
}

/**
 * @param {object} options
 * @param {string} options.name
 * @param {'ASYNC_FLUSH' | 'SYNC_FLUSH'} options.flush
 * @param {import('../lib/suite.mjs').Need} options.client
 * @param {boolean} options.separate
 * @param {boolean} options.clean
 * @param {number} [options.most] ends of the broker
 */
function loadSuite({ name, flush, client, separate, clean, most = clean ? 5 : 20 }) {
  const what = clean ? 'clean restarts under load' : 'times kill -9 under load'
  return {
    name,
    proves: `${most} ${what}, ${flush}: no acknowledged message is lost`,
    needs: /** @type {import('../lib/suite.mjs').Need[]} */ ([]),
    /** @param {Context} context */
    async run(context) {
      const cluster = await context.servers.startCluster(context.target, {
        store: context.folder('store'),
        separate,
        namesrvPort: await freePort(),
        brokerPort: await freePort([-2, 1]),
        config: { flushDiskType: flush },
      })
      const driver = await startEither(context, client)
      const end = () => (clean ? cluster.stopBroker() : cluster.killBroker())
      const times = clean ? most : Math.min(most, context.kills)
      const orderly = client === 'client'
      await context.case(`${times} ${what}, ${flush}, ${client} client`, () =>
        runUnderLoad(context, driver, cluster, { times, end, orderly }),
      )
      await driver.stop()
      await cluster.stop()
    },
  }
}

export const loadSuites = [
  loadSuite({
    name: 'restart',
    flush: 'ASYNC_FLUSH',
    client: 'java-5.3.3',
    separate: false,
    clean: true,
  }),
  loadSuite({
    name: 'kill-async',
    flush: 'ASYNC_FLUSH',
    client: 'java-5.3.3',
    separate: false,
    clean: false,
  }),
  loadSuite({
    name: 'kill-sync',
    flush: 'SYNC_FLUSH',
    client: 'go',
    separate: true,
    clean: false,
  }),
  loadSuite({
    name: 'client-restart',
    flush: 'ASYNC_FLUSH',
    client: 'client',
    separate: true,
    clean: true,
    most: 2,
  }),
  loadSuite({
    name: 'client-kill',
    flush: 'ASYNC_FLUSH',
    client: 'client',
    separate: true,
    clean: false,
    most: 5,
  }),
]
