/**
 * A push consumer of @aerobee/client with an empty listener. Arguments: name server, topic, messages to take.
 * Prints one JSON line.
 */
import { PushConsumer } from '../../packages/client/dist/index.js'

const [namesrvAddr = '', topic = '', messages = ''] = process.argv.slice(2)
const wanted = Number(messages)
const consumer = new PushConsumer({ namesrvAddr, consumerGroup: `bench-${process.pid}`, from: 'earliest' })
consumer.subscribe(topic)

let taken = 0
/** After a tenth: queues are assigned, the code is compiled. */
let first = { taken: 0, atMs: 0, cpuMs: 0 }
/** @type {() => void} */
let finish = () => {}
const finished = new Promise((resolve) => {
  finish = () => resolve(undefined)
})
const edge = () => {
  const { user, system } = process.cpuUsage()
  return { taken, atMs: performance.now(), cpuMs: (user + system) / 1000 }
}
await consumer.run(() => {
  taken++
  if (taken === Math.ceil(wanted / 10)) first = edge()
  if (taken === wanted) finish()
})
await finished
const last = edge()
await consumer.close()
console.log(
  JSON.stringify({
    messages: last.taken - first.taken,
    seconds: (last.atMs - first.atMs) / 1000,
    cpuSeconds: (last.cpuMs - first.cpuMs) / 1000,
  }),
)
