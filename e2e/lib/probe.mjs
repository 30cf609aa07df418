// The least of the remoting protocol that the harness needs by itself: is this broker registered at that name server?
import { connect } from 'node:net'
import { until, withDeadline } from './wait.mjs'

const getBrokerClusterInfo = 106

/**
 * Sends one request with a JSON header and without body; resolves with the answer's body as text.
 * frame = length:u32 headerLength:u32(high byte 0 = JSON) header body
 * @param {string} address host:port
 * @param {number} code
 * @returns {Promise<string>}
 */
function ask(address, code) {
  const [host, port] = address.split(':')
  const header = Buffer.from(
    JSON.stringify({
      code,
      language: 'JAVA',
      version: 479,
      opaque: 1,
      flag: 0,
      serializeTypeCurrentRPC: 'JSON',
    }),
  )
  const frame = Buffer.alloc(8 + header.length)
  frame.writeUInt32BE(4 + header.length, 0)
  frame.writeUInt32BE(header.length, 4)
  header.copy(frame, 8)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host)
    let received = Buffer.alloc(0)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`${address} closed the connection`)))
    socket.on('connect', () => socket.write(frame))
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      if (received.length < 8 || received.length < 4 + received.readUInt32BE(0)) return
      resolve(received.subarray(8 + (received.readUInt32BE(4) & 0xff_ffff)).toString())
      socket.destroy()
    })
  })
}

/**
 * Waits until the name server lists a broker at that address.
 * @param {string} namesrv
 * @param {string} broker
 * @param {number} deadlineMs
 */
export async function waitUntilRegistered(namesrv, broker, deadlineMs) {
  await until(
    async () => {
      const body = await withDeadline(ask(namesrv, getBrokerClusterInfo), 1_000, `an answer from ${namesrv}`)
      return body.includes(`"${broker}"`)
    },
    deadlineMs,
    `broker ${broker} to be registered at ${namesrv}`,
    20,
  )
}

/**
 * Waits until something accepts connections there.
 * @param {string} address
 * @param {number} deadlineMs
 */
export async function waitUntilListening(address, deadlineMs) {
  const [host, port] = address.split(':')
  const dial = () =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(port), host)
      socket.on('error', reject)
      socket.on('connect', () => {
        socket.destroy()
        resolve(true)
      })
    })
  await until(dial, deadlineMs, `${address} to accept connections`, 20)
}
