/**
 * A producer of @aerobee/client at full speed. Arguments: name server, topic, seconds to warm up, seconds to measure,
 * sends in flight, bytes of a body. Prints one JSON line.
 */
import { Producer } from '../../packages/client/dist/index.js'

const [namesrvAddr = '', topic = '', warmup = '', measure = '', inFlight = '', bodyBytes = ''] =
  process.argv.slice(2)
const body = Buffer.alloc(Number(bodyBytes), 'x')
const producer = await new Producer({ namesrvAddr, producerGroup: 'bench-producer' }).start()
let sent = 0
let failed = 0
let running = true

async function sendOn() {
  while (running) {
    try {
      await producer.send({ topic, body })
      sent++
    } catch (error) {
      failed++
      if (failed === 1) console.error(error)
    }
  }
}

const edge = () => {
  const { user, system } = process.cpuUsage()
  return { sent, atMs: performance.now(), cpuMs: (user + system) / 1000 }
}
const sleep = (/** @type {number} */ seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000))

const senders = Array.from({ length: Number(inFlight) }, sendOn)
await sleep(Number(warmup))
const first = edge()
await sleep(Number(measure))
const last = edge()
running = false
await Promise.all(senders)
await producer.close()
console.log(
  JSON.stringify({
    messages: last.sent - first.sent,
    seconds: (last.atMs - first.atMs) / 1000,
    cpuSeconds: (last.cpuMs - first.cpuMs) / 1000,
    failed,
  }),
)
