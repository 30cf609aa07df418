import { Connection } from '../lib/connection.mjs'
import { heartbeatFrame, opaqueBase } from '../lib/frames.mjs'
import { sleep } from '../lib/measure.mjs'

const beatIntervalMs = 30_000
const openAtOnce = 100

/**
 * Holds connections that only send a heartbeat each 30 s, spread evenly, from several loopback addresses.
 *
 * @param {{host: string, port: number, topic: string, connections: number, groups: number, addresses: string[]}} job
 * @param {{ready: (facts: object) => void, stopped: Promise<void>}} control
 */
export async function idleClients(job, control) {
  /** @type {Connection[]} */
  const clients = []
  let answers = 0
  let notices = 0
  let beats = 0
  for (let from = 0; from < job.connections; from += openAtOnce) {
    const count = Math.min(openAtOnce, job.connections - from)
    const opened = Array.from({ length: count }, (_, index) => {
      const localAddress = job.addresses[(from + index) % job.addresses.length]
      const client = new Connection({ ...job, localAddress, readBytes: 1024 })
      client.onFrame = (buffer, headerAt, bodyAt) => {
        if (buffer.latin1Slice(headerAt, bodyAt).includes('"flag":1')) answers++
        else notices++
      }
      return client
    })
    await Promise.all(opened.map((client) => client.opened))
    clients.push(...opened)
    for (let index = from; index < from + count; index++) beat(index)
    await sleep(1)
  }

  /** @param {number} index */
  function beat(index) {
    const clientId = `${job.addresses[index % job.addresses.length]}@idle-${index}`
    const group = `BenchIdle${index % job.groups}`
    clients[index].socket.write(
      heartbeatFrame({ clientId, group, topic: job.topic, opaque: opaqueBase + index }),
    )
    beats++
  }

  let stopped = false
  control.stopped.then(() => {
    stopped = true
  })
  control.ready({ connections: clients.length })
  let next = 0
  const startMs = performance.now()
  while (!stopped) {
    const due = Math.floor(((performance.now() - startMs) / beatIntervalMs) * clients.length)
    for (; next < due; next++) beat(next % clients.length)
    await sleep(20)
  }
  await sleep(200)
  const closed = clients.filter((client) => client.failure !== null).length
  for (const client of clients) client.close()
  return { connections: clients.length, beats, answers, notices, closed }
}
