// Transactions by message number, n modulo 4: 0 commits, 1 rolls back, 2 commits and 3 rolls back when the broker asks.
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { assertIsSample, sample } from '../lib/samples.mjs'
import { until } from '../lib/wait.mjs'

/** @typedef {import('@aerobee/client').LocalTransactionState} State */
/** @typedef {import('./driver.mjs').Run} Run */
/** @typedef {Run & { first?: number, count?: number, killed?: number }} TransactionRun */

const deadlineMs = 40_000
/** In it nobody is asked again for what has its outcome, and nothing comes twice. */
const quietMs = 2500

/** @type {State[]} */
const atOnce = ['COMMIT_MESSAGE', 'ROLLBACK_MESSAGE', 'UNKNOW', 'UNKNOW']

/** @param {Run} run @param {number} first @param {number} count @param {(n: number) => State} whenAsked */
async function sendInTransactions({ client, common, topic }, first, count, whenAsked) {
  const producer = await new client.TransactionProducer({
    ...common,
    producerGroup: `${topic}-transactions`,
    transactionListener: {
      executeLocalTransaction: (_, { argument }) => atOnce[Number(argument) % 4],
      checkLocalTransaction: (message) => whenAsked(assertIsSample(message)),
    },
  }).start()
  for (let n = first; n < first + count; n++) {
    const { transactionId } = await producer.sendMessageInTransaction(sample(topic, n), { argument: n })
    assert.ok(transactionId)
  }
  return producer
}

/** Sends `count` from `first` on, and gives no outcome when asked. @param {TransactionRun} run */
export async function halves(run) {
  const { first = 0, count = 40 } = run
  const producer = await sendInTransactions(run, first, count, () => 'UNKNOW')
  await producer.close()
  return { sent: count }
}

/** The outcomes of the first `count`, of which those from `first` on are sent now. @param {TransactionRun} run */
export async function outcomes(run) {
  const { client, common, topic, first = 0, count = 40, killed } = run
  /** @type {Map<number, number>} */
  const checks = new Map()
  const producer = await sendInTransactions(run, first, count - first, (n) => {
    checks.set(n, (checks.get(n) ?? 0) + 1)
    return n % 2 ? 'ROLLBACK_MESSAGE' : 'COMMIT_MESSAGE'
  })
  /** @type {number[]} */
  const came = []
  const options = { ...common, consumerGroup: `${topic}-consumer`, from: /** @type {const} */ ('earliest') }
  const consumer = new client.PushConsumer(options).subscribe(topic)
  await consumer.run((message) => void came.push(assertIsSample(message)))
  const numbers = Array.from({ length: count }, (_, n) => n)
  const asked = numbers.filter((n) => n % 4 >= 2)
  const done = async () => came.length >= count / 2 && asked.every((n) => checks.has(n))
  await until(done, deadlineMs, `${count / 2} messages and checks of ${asked}`)
  const before = new Map(checks)
  await pause(quietMs)
  const inOrder = (/** @type {Iterable<number>} */ of) => [...of].sort((a, b) => a - b)
  assert.deepEqual(
    inOrder(came),
    numbers.filter((n) => n % 2 === 0),
  )
  assert.deepEqual(checks, before, 'checks')
  // A roll-back that was not written down yet when the broker was killed is asked for again.
  const checked = inOrder(checks.keys()).filter((n) => !killed || n % 4 !== 1)
  assert.deepEqual(checked, asked)
  await consumer.close()
  await producer.close()
  return { committed: came.length, checked: checks.size }
}
