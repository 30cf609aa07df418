/**
 * Memory of a push consumer whose listener never ends, once all its queues are cached up to their thresholds.
 * Arguments: name server, topic, queues. Prints one JSON line.
 */
import { PushConsumer } from '../../packages/client/dist/index.js'

const [namesrvAddr = '', topic = '', queues = ''] = process.argv.slice(2)
const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms))
const rssMiB = () => process.memoryUsage.rss() / 2 ** 20

const consumer = new PushConsumer({ namesrvAddr, consumerGroup: `bench-${process.pid}`, from: 'earliest' })
consumer.subscribe(topic)
const beforeMiB = rssMiB()
let peakMiB = beforeMiB
await consumer.run(() => new Promise(() => {}))
let steady = 0
while (steady < 10) {
  await sleep(500)
  const now = rssMiB()
  steady = now > peakMiB + 0.5 ? 0 : steady + 1
  peakMiB = Math.max(peakMiB, now)
}
console.log(JSON.stringify({ queues: Number(queues), beforeMiB, afterMiB: rssMiB(), peakMiB }))
process.exit(0)
