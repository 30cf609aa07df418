/**
 * The lower bound for a broker on one event loop: the same bytes in and out and on disk, and nothing else. No topics,
 * no checks, no recovery. JSON header by JSON.parse, the record built in a buffer with its CRC, one synchronous pwrite
 * per event-loop turn for all that arrived in it, the answers of a connection written together after it.
 *
 *   node bench/bare.mjs --data DIR
 */
import { mkdirSync, openSync, writeSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

const dataDir = process.argv[process.argv.indexOf('--data') + 1]
mkdirSync(dataDir, { recursive: true })
const file = openSync(join(dataDir, 'log'), 'w')

const chunkBytes = 64 * 1024 * 1024
/** The whole log stays in memory up to this much, so that draining measures memory. */
const keptChunks = 24
/** @type {(Buffer | null)[]} by number, null once dropped */
const chunks = []
let chunk = Buffer.alloc(0)
let used = chunkBytes
let flushed = 0
let fileAt = 0

/** @typedef {{chunks: number[], from: number[], size: number[], waiting: Waiting[]}} Queue */
/** @typedef {{peer: Peer, header: any, offset: number, count: number, deadline: number}} Waiting */
/** @typedef {{socket: import('node:net').Socket, out: Buffer[]}} Peer */

/** @type {Map<string, Queue[]>} */
const topics = new Map()
/** @type {Set<Peer>} */
const dirty = new Set()
/** @type {Set<Queue>} */
const grown = new Set()
let turnAsked = false

/** @param {string} topic @param {number} queueId @returns {Queue} */
function queueOf(topic, queueId) {
  let queues = topics.get(topic)
  if (queues === undefined) {
    queues = Array.from({ length: 8 }, () => ({ chunks: [], from: [], size: [], waiting: [] }))
    topics.set(topic, queues)
  }
  return queues[queueId]
}

/** @param {number} bytes room for a record in the current chunk */
function reserve(bytes) {
  if (used + bytes <= chunkBytes) return
  flushLog()
  chunk = Buffer.allocUnsafe(chunkBytes)
  chunks.push(chunk)
  if (chunks.length > keptChunks) chunks[chunks.length - keptChunks - 1] = null
  used = 0
  flushed = 0
}

function flushLog() {
  if (used <= flushed || chunk.length === 0) return
  writeSync(file, chunk, flushed, used - flushed, fileAt)
  fileAt += used - flushed
  flushed = used
}

/**
 * @param {string} topic @param {number} queueId @param {Buffer} body @param {string} properties
 * @returns {number} queue offset
 */
function append(topic, queueId, body, properties) {
  const queue = queueOf(topic, queueId)
  const size = 88 + body.length + 1 + topic.length + 2 + properties.length
  reserve(size)
  const at = used
  const offset = queue.from.length
  chunk.writeInt32BE(size, at)
  chunk.writeUInt32BE(0xdaa320a7, at + 4)
  chunk.writeInt32BE(crc32(body) & 0x7fffffff, at + 8)
  chunk.writeInt32BE(queueId, at + 12)
  chunk.fill(0, at + 16, at + 88)
  chunk.writeUInt32BE(offset, at + 24)
  chunk.writeInt32BE(body.length, at + 84)
  body.copy(chunk, at + 88)
  const topicAt = at + 88 + body.length
  chunk[topicAt] = topic.length
  chunk.latin1Write(topic, topicAt + 1, topic.length)
  chunk.writeInt16BE(properties.length, topicAt + 1 + topic.length)
  chunk.latin1Write(properties, topicAt + 3 + topic.length, properties.length)
  used += size
  queue.chunks.push(chunks.length - 1)
  queue.from.push(at)
  queue.size.push(size)
  grown.add(queue)
  return offset
}

/** @param {Peer} peer @param {Buffer} out */
function answer(peer, out) {
  peer.out.push(out)
  dirty.add(peer)
  if (turnAsked) return
  turnAsked = true
  setImmediate(endTurn)
}

function endTurn() {
  turnAsked = false
  flushLog()
  for (const queue of grown) {
    if (queue.waiting.length === 0) continue
    const waiting = queue.waiting
    queue.waiting = []
    for (const pull of waiting) {
      pull.peer.out.push(pullAnswer(queue, pull))
      dirty.add(pull.peer)
    }
  }
  grown.clear()
  for (const { socket, out } of dirty) {
    socket.write(out.length === 1 ? out[0] : Buffer.concat(out))
    out.length = 0
  }
  dirty.clear()
}

/** @param {string} header @param {Buffer | null} body */
function frame(header, body) {
  const bodyBytes = body === null ? 0 : body.length
  const out = Buffer.allocUnsafe(8 + header.length + bodyBytes)
  out.writeUInt32BE(4 + header.length + bodyBytes, 0)
  out.writeUInt32BE(header.length, 4)
  out.latin1Write(header, 8, header.length)
  if (body !== null) body.copy(out, 8 + header.length)
  return out
}

/** @param {number} opaque */
const tail = (opaque) =>
  `"flag":1,"language":"JAVA","opaque":${opaque},"serializeTypeCurrentRPC":"JSON","version":479}`

/** @param {Peer} peer @param {any} header @param {Buffer} body */
function onSend(peer, header, body) {
  const { b: topic, e, i: properties } = header.extFields
  const queueId = Number(e)
  let offset = -1
  if (header.code === 320) {
    for (let at = 0; at < body.length; at += body.readInt32BE(at)) {
      const bodyBytes = body.readInt32BE(at + 16)
      const propertiesAt = at + 20 + bodyBytes
      const propertiesBytes = body.readInt16BE(propertiesAt)
      const own = body.latin1Slice(propertiesAt + 2, propertiesAt + 2 + propertiesBytes)
      const first = append(topic, queueId, body.subarray(at + 20, propertiesAt), own)
      if (offset < 0) offset = first
    }
  } else {
    offset = append(topic, queueId, body, properties)
  }
  const ext = `{"queueId":"${queueId}","msgId":"7F00000100002A9F0000000000000000","queueOffset":"${offset}"}`
  answer(peer, frame(`{"code":0,"extFields":${ext},${tail(header.opaque)}`, null))
}

/** @param {Queue} queue @param {Waiting} pull */
function pullAnswer(queue, { header, offset, count }) {
  const end = Math.min(queue.from.length, offset + count)
  const code = end > offset ? 0 : 19
  const ext = `{"suggestWhichBrokerId":"0","nextBeginOffset":"${Math.max(end, 0)}","minOffset":"0","maxOffset":"${queue.from.length}"}`
  const parts = []
  for (let index = offset; index < end; index++) {
    const kept = chunks[queue.chunks[index]]
    if (kept !== null) parts.push(kept.subarray(queue.from[index], queue.from[index] + queue.size[index]))
  }
  return frame(`{"code":${code},"extFields":${ext},${tail(header.opaque)}`, Buffer.concat(parts))
}

/** @param {Peer} peer @param {any} header */
function onPull(peer, header) {
  const { topic, queueId, queueOffset, maxMsgNums, sysFlag, suspendTimeoutMillis } = header.extFields
  const queue = queueOf(topic, Number(queueId))
  const deadline = performance.now() + Number(suspendTimeoutMillis)
  const pull = { peer, header, offset: Number(queueOffset), count: Number(maxMsgNums), deadline }
  if (pull.offset >= queue.from.length && (Number(sysFlag) & 2) !== 0) queue.waiting.push(pull)
  else answer(peer, pullAnswer(queue, pull))
}

/** @param {Peer} peer @param {Buffer} buffer @param {number} at @param {number} end */
function onFrame(peer, buffer, at, end) {
  const headerEnd = at + 8 + (buffer.readUInt32BE(at + 4) & 0xffffff)
  const header = JSON.parse(buffer.latin1Slice(at + 8, headerEnd))
  if (header.code === 310 || header.code === 320) onSend(peer, header, buffer.subarray(headerEnd, end))
  else if (header.code === 11) onPull(peer, header)
  else answer(peer, frame(`{"code":0,${tail(header.opaque)}`, null))
}

setInterval(() => {
  const now = performance.now()
  for (const queue of [...topics.values()].flat()) {
    const due = queue.waiting.filter((pull) => pull.deadline <= now)
    if (due.length === 0) continue
    queue.waiting = queue.waiting.filter((pull) => pull.deadline > now)
    for (const pull of due) answer(pull.peer, pullAnswer(queue, pull))
  }
}, 500)

const server = createServer({ noDelay: true }, (socket) => {
  const peer = { socket, out: [] }
  let rest = Buffer.alloc(0)
  socket.on('error', () => socket.destroy())
  socket.on('data', (data) => {
    const buffer = rest.length === 0 ? data : Buffer.concat([rest, data])
    let at = 0
    while (buffer.length - at >= 8) {
      const end = at + 4 + buffer.readUInt32BE(at)
      if (end > buffer.length) break
      onFrame(peer, buffer, at, end)
      at = end
    }
    rest = buffer.subarray(at)
  })
})
server.listen(0, '127.0.0.1', 4096, () => {
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  process.stdout.write(
    `${JSON.stringify({ event: 'ready', broker: `127.0.0.1:${address.port}`, pid: process.pid })}\n`,
  )
})
process.on('SIGTERM', () => process.exit(0))
