// Runs scenarios with ali-ons for the interop harness. The protocol on standard input and output is described in
// e2e/README.md. Runs from the cache folder in which ali-ons is installed.
import { Console } from 'node:console'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import ons from 'ali-ons'

// The client logs to the console, and standard output belongs to the protocol.
globalThis.console = new Console(process.stderr, process.stderr)

const deadlineMs = 40_000
const tags = ['TagA', 'TagB', 'TagC']
// Asked for by the client's constructors, used only to look name servers up over HTTP.
const httpclient = {}
let instances = 0

/** @param {object} line */
const write = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)

/** @param {string} topic @param {number} n */
function sample(topic, n) {
  const message = new ons.Message(topic, tags[n % 3], body(n))
  message.keys = [`key-${n}`, 'shared']
  message.properties.n = String(n)
  message.properties.greeting = `héllo wörld, 你好, жду 🙂 ${n}`
  return message
}

/** Small for most; each tenth is over the 4 KiB at which the client compresses. @param {number} n */
function body(n) {
  return `body ${n} € `.repeat(n % 10 === 9 ? 600 : 3)
}

/** @param {boolean} condition @param {string} otherwise */
function check(condition, otherwise) {
  if (!condition) throw new Error(otherwise)
}

/** @param {any} parameters */
async function openProducer({ namesrv, topic }) {
  const options = {
    httpclient,
    nameSrv: namesrv,
    producerGroup: `${topic}-producer`,
    instanceName: `node-${++instances}`,
  }
  const producer = new ons.Producer(options)
  await producer.ready()
  return producer
}

/**
 * A consumer of the topic and the messages that it received, by number; each is compared as it comes.
 * @param {any} parameters
 * @param {string} expression
 */
async function openConsumer({ namesrv, topic }, expression) {
  const consumer = new ons.Consumer({
    httpclient,
    nameSrv: namesrv,
    consumerGroup: `${topic}-consumer`,
    instanceName: `node-${++instances}`,
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
  })
  const received = new Map()
  const problems = /** @type {string[]} */ ([])
  consumer.on('error', (/** @type {Error} */ error) => console.error('consumer:', error))
  consumer.subscribe(topic, expression, async (/** @type {any} */ message) => {
    const n = Number(message.properties.n)
    const sent = sample(topic, n)
    const same =
      message.body.toString() === body(n) &&
      message.tags === sent.tags &&
      message.keys === sent.keys &&
      message.properties.greeting === sent.properties.greeting
    if (!same) problems.push(`message ${n} is not as it was sent: ${JSON.stringify(message.properties)}`)
    received.set(n, message)
  })
  await consumer.ready()
  return { consumer, received, problems }
}

/** @param {{ received: Map<number, any>, problems: string[] }} inbox @param {number} count */
async function awaitCount({ received, problems }, count) {
  const end = Date.now() + deadlineMs
  while (received.size < count && problems.length === 0) {
    check(Date.now() < end, `waited ${deadlineMs} ms for ${count} messages, ${received.size} arrived`)
    await pause(10)
  }
  check(problems.length === 0, problems[0])
}

/** @param {any} producer @param {string} topic @param {number} count */
async function send(producer, topic, count) {
  const results = []
  for (let n = 0; n < count; n += 1) {
    const result = await producer.send(sample(topic, n))
    check(result.sendStatus === 'SEND_OK', `message ${n}: status ${result.sendStatus}`)
    results.push(result)
  }
  return results
}

/** @param {any} parameters */
async function sendSync(parameters) {
  const count = 60
  const producer = await openProducer(parameters)
  const results = await send(producer, parameters.topic, count)
  const inbox = await openConsumer(parameters, '*')
  await awaitCount(inbox, count)
  results.forEach((promised, n) => {
    const arrived = inbox.received.get(n)
    const queueId = Number(promised.messageQueue.queueId)
    const same = arrived.queueId === queueId && Number(arrived.queueOffset) === Number(promised.queueOffset)
    check(
      same,
      `message ${n}: promised queue ${queueId} at ${promised.queueOffset}, arrived in ${arrived.queueId} at ${arrived.queueOffset}`,
    )
  })
  await inbox.consumer.close()
  await producer.close()
  return { sent: count }
}

/** @param {any} parameters */
async function tagged(parameters) {
  const producer = await openProducer(parameters)
  await send(producer, parameters.topic, 90)
  const inbox = await openConsumer(parameters, 'TagA || TagB')
  await awaitCount(inbox, 60)
  for (const [n, message] of inbox.received)
    check(message.tags !== 'TagC', `message ${n} with TagC was delivered`)
  await inbox.consumer.close()
  await producer.close()
  return { sent: 90, received: inbox.received.size }
}

/** @type {Record<string, (parameters: any) => Promise<object>>} */
const scenarios = { sendSync, tags: tagged }

process.on('unhandledRejection', (error) => console.error('unhandled:', error))
const requests = createInterface({ input: process.stdin })
requests.on('line', async (line) => {
  const { id, run, ...parameters } = JSON.parse(line)
  try {
    write({ id, ok: true, result: await scenarios[run](parameters) })
  } catch (error) {
    write({ id, ok: false, error: error instanceof Error ? error.stack : String(error) })
  }
})
requests.on('close', () => process.exit(0))
write({ event: 'ready' })
