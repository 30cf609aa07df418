// One member of a group whose other members are other processes, with other clients.
import { appendFileSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** @typedef {import('@aerobee/client').ReceivedMessage} ReceivedMessage */
/** @typedef {import('./driver.mjs').Run} Run */

/** A queue counts as served while its last message is younger than this. */
const recentNs = 700_000_000n

/**
 * Consumes until told to stop, and tells from how many queues. Each call of the listener is two lines of the file, "B time
 * queueId offset n" and "E time queueId offset n"; the time is that of the machine's monotonic clock, in ns.
 */
export async function member(
  /** @type {Run} */ { client, common, topic, group, orderly, file, event, stop },
) {
  writeFileSync(file, '')
  let taken = 0
  /** @type {Map<number, bigint>} */
  const served = new Map()
  // At once, so that a process that is killed leaves all that it began.
  const note = (/** @type {'B' | 'E'} */ what, /** @type {ReceivedMessage} */ message) => {
    const place = `${message.queue.queueId} ${message.queueOffset} ${message.text()}`
    appendFileSync(file, `${what} ${process.hrtime.bigint()} ${place}\n`)
  }
  const take = async (/** @type {ReceivedMessage} */ message) => {
    note('B', message)
    await pause(1)
    served.set(message.queue.queueId, process.hrtime.bigint())
    taken += 1
    note('E', message)
  }
  const consumeFromWhere = 'CONSUME_FROM_FIRST_OFFSET'
  const consumer = new client.PushConsumer({ ...common, consumerGroup: group, consumeFromWhere })
  consumer.subscribe(topic)
  await (orderly ? consumer.runOrderly(take) : consumer.run(take))
  while (!stop.aborted) {
    await pause(100, undefined, { signal: stop }).catch(() => {})
    const now = process.hrtime.bigint()
    const queues = [...served.values()].filter((at) => now - at < recentNs).length
    event({ taken, queues })
  }
  await consumer.close()
  return { taken }
}
