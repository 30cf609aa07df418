// The least of the remoting protocol that the harness needs by itself: is this broker registered at that name server?
import { connect } from 'node:net'
import { until, withDeadline } from './wait.mjs'

const updateAndCreateTopic = 17
const getBrokerClusterInfo = 106
const getBrokerRuntimeInfo = 28

/** @typedef {{ code: number, remark?: string, body: string }} Answer */

/**
 * Sends one request with a JSON header and without body.
 * frame = length:u32 headerLength:u32(high byte 0 = JSON) header body
 * @param {string} address host:port
 * @param {number} code
 * @param {Record<string, string>} [extFields]
 * @returns {Promise<Answer>}
 */
function ask(address, code, extFields = {}) {
  const [host, port] = address.split(':')
  const fixed = { language: 'JAVA', version: 479, opaque: 1, flag: 0, serializeTypeCurrentRPC: 'JSON' }
  const header = Buffer.from(JSON.stringify({ code, ...fixed, extFields }))
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
      const bodyStart = 8 + (received.readUInt32BE(4) & 0xff_ffff)
      const answer = JSON.parse(received.subarray(8, bodyStart).toString())
      resolve({ code: answer.code, remark: answer.remark, body: received.subarray(bodyStart).toString() })
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
      const answer = await withDeadline(
        ask(namesrv, getBrokerClusterInfo),
        1_000,
        `an answer from ${namesrv}`,
      )
      return answer.body.includes(`"${broker}"`)
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

/**
 * Makes a topic, for clients that neither make topics by sending nor have an admin interface.
 * @param {string} broker
 * @param {string} topic
 * @param {number} queues
 * @param {string} [attributes]
 */
export async function makeTopic(broker, topic, queues, attributes = '') {
  const fields = { readQueueNums: `${queues}`, writeQueueNums: `${queues}`, perm: '6', topicSysFlag: '0' }
  const more = { topic, defaultTopic: 'TBW102', topicFilterType: 'SINGLE_TAG', order: 'false', attributes }
  const answer = await withDeadline(
    ask(broker, updateAndCreateTopic, { ...more, ...fields }),
    5_000,
    'a topic to be made',
  )
  if (answer.code !== 0)
    throw new Error(`topic ${topic} was not made: code ${answer.code} ${answer.remark ?? ''}`)
}

/**
 * The table that brokerStatus prints.
 * @param {string} broker
 * @returns {Promise<Record<string, string>>}
 */
export async function brokerStatus(broker) {
  const answer = await withDeadline(ask(broker, getBrokerRuntimeInfo), 5_000, 'the status of a broker')
  return JSON.parse(answer.body).table
}
