/**
 * Request frames of the remoting protocol as a Java 5.3.3 client writes them, built once and patched in place.
 *
 *   frame := length:4 (of all that follows) | type:1 (0 = JSON) headerLength:3 | header | body
 */

/** First opaque: ten digits whatever the slot, so that a frame keeps its length. */
export const opaqueBase = 1_000_000_000

/** A moment of delivery, wall ms, to be written over. */
const deliverZero = '0000000000000'

const uniqueKeyStem = '7F00000100002A4A30946E0900'
/** The last six hexadecimal digits of a unique key count messages. */
const uniqueKeyZero = '000000'

const javaTail = '"serializeTypeCurrentRPC":"JSON","version":479}'

/** @param {string} header @param {Buffer} [body] @returns {Buffer} */
export function encodeFrame(header, body = Buffer.alloc(0)) {
  const headerBytes = Buffer.byteLength(header)
  const frame = Buffer.allocUnsafe(8 + headerBytes + body.length)
  frame.writeUInt32BE(4 + headerBytes + body.length, 0)
  frame.writeUInt32BE(headerBytes, 4)
  frame.write(header, 8)
  body.copy(frame, 8 + headerBytes)
  return frame
}

/**
 * A request header with every ext field a string, keys in Java's order for the fixed part.
 * @param {number} code @param {Record<string, string>} ext @param {number} opaque @returns {string}
 */
export function requestHeader(code, ext, opaque) {
  return `{"code":${code},"extFields":${JSON.stringify(ext)},"flag":0,"language":"JAVA","opaque":${opaque},${javaTail}`
}

/**
 * @param {string} topic @param {boolean} batch @param {string} properties @param {boolean} prepared
 * @returns {Record<string, string>}
 */
function sendFields(topic, batch, properties, prepared) {
  return {
    a: 'BenchProducer',
    b: topic,
    c: 'TBW102',
    d: '8',
    e: '0',
    f: prepared ? '4' : '0',
    g: String(Date.now()),
    h: '0',
    i: properties,
    j: '0',
    k: 'false',
    m: String(batch),
    n: 'broker-a',
  }
}

const messageProperties = `UNIQ_KEY\u0001${uniqueKeyStem}${uniqueKeyZero}\u0002WAIT\u0001true\u0002`

/**
 * One message of a batch body:
 *   total:4 | magic:4 | crc:4 | flag:4 | bodyLength:4 | body | propertiesLength:2 | properties
 * @param {number} bodyBytes @param {string} more properties of its own @returns {Buffer}
 */
function batchEntry(bodyBytes, more) {
  const properties = Buffer.from(messageProperties + more)
  const entry = Buffer.alloc(22 + bodyBytes + properties.length)
  entry.writeInt32BE(entry.length, 0)
  entry.writeInt32BE(bodyBytes, 16)
  entry.fill('x', 20, 20 + bodyBytes)
  entry.writeInt16BE(properties.length, 20 + bodyBytes)
  properties.copy(entry, 22 + bodyBytes)
  return entry
}

/** @param {Buffer} frame @param {string} text @returns {number[]} every place where the text starts */
function placesOf(frame, text) {
  const places = []
  for (let at = frame.indexOf(text); at >= 0; at = frame.indexOf(text, at + 1)) places.push(at)
  return places
}

/**
 * @typedef {object} SendTemplate
 * @property {Buffer} frame
 * @property {number} opaqueAt place of the last digit of the opaque
 * @property {number} queueAt place of the queue's one digit
 * @property {number[]} keysAt place of the last digit of each unique key
 * @property {number} deliverAt place of the last digit of TIMER_DELIVER_MS
 * @property {number} bodyAt place of the message body (of the first one in a batch)
 * @property {number} messages messages in one frame
 */

/**
 * A send (310) of one message, or a batch (320) when `batch` > 1; `properties` are more of them for each in the batch.
 * `prepared`: the half of a transaction.
 * @param {{topic: string, bodyBytes: number, batch: number, delayLevel?: number,
 *   timerDelayMs?: number, timerDeliver?: boolean, properties?: string[], prepared?: boolean}} shape
 * @returns {SendTemplate}
 */
export function sendTemplate({
  topic,
  bodyBytes,
  batch,
  delayLevel = 0,
  timerDelayMs = 0,
  timerDeliver = false,
  properties = [],
  prepared = false,
}) {
  let common = messageProperties
  if (delayLevel > 0) common += `DELAY\u0001${delayLevel}\u0002`
  if (timerDelayMs > 0) common += `TIMER_DELAY_MS\u0001${timerDelayMs}\u0002`
  if (timerDeliver) common += `TIMER_DELIVER_MS\u0001${deliverZero}\u0002`
  if (prepared) common += 'TRAN_MSG\u0001true\u0002PGROUP\u0001BenchProducer\u0002'
  const body =
    batch > 1
      ? Buffer.concat(Array.from({ length: batch }, (_, i) => batchEntry(bodyBytes, properties[i] ?? '')))
      : Buffer.alloc(bodyBytes, 'x')
  const header = requestHeader(
    batch > 1 ? 320 : 310,
    sendFields(topic, batch > 1, common, prepared),
    opaqueBase,
  )
  const frame = encodeFrame(header, body)
  const last = uniqueKeyStem.length + uniqueKeyZero.length - 1
  return {
    frame,
    opaqueAt: frame.indexOf(`"opaque":${opaqueBase}`) + 18,
    queueAt: frame.indexOf('"e":"0"') + 5,
    keysAt: placesOf(frame, uniqueKeyStem + uniqueKeyZero).map((at) => at + last),
    deliverAt: frame.indexOf(deliverZero) + deliverZero.length - 1,
    bodyAt: 8 + header.length + (batch > 1 ? 20 : 0),
    messages: batch,
  }
}

/** Writes a slot number into the low digits of an opaque. @param {Buffer} buffer @param {number} lastDigit @param {number} slot */
export function patchOpaque(buffer, lastDigit, slot) {
  patchDigits(buffer, lastDigit, slot, 6)
}

/** Writes a moment, wall ms, into the 13 digits of TIMER_DELIVER_MS. @param {Buffer} buffer @param {number} lastDigit @param {number} wallMs */
export function patchDeliver(buffer, lastDigit, wallMs) {
  const thousands = Math.floor(wallMs / 1e7)
  patchDigits(buffer, lastDigit, wallMs - thousands * 1e7, 7)
  patchDigits(buffer, lastDigit - 7, thousands, 6)
}

/** @param {Buffer} buffer @param {number} lastDigit @param {number} value below 2^31 @param {number} digits */
function patchDigits(buffer, lastDigit, value, digits) {
  let rest = value
  for (let at = lastDigit; at > lastDigit - digits; at--) {
    const next = (rest / 10) | 0
    buffer[at] = 48 + rest - next * 10
    rest = next
  }
}

const hexDigits = Buffer.from('0123456789ABCDEF')

/** @param {Buffer} buffer @param {number} lastDigit @param {number} count */
export function patchKey(buffer, lastDigit, count) {
  let rest = count
  for (let at = lastDigit; at > lastDigit - 6; at--) {
    buffer[at] = hexDigits[rest & 15]
    rest >>>= 4
  }
}

/**
 * A pull (11) with the subscription in the header (sysFlag 4), so that no heartbeat has to come first;
 * `suspendMs` > 0 adds long polling (sysFlag 2). Without `sql` all messages are wanted.
 * @param {{topic: string, queueId: number, offset: number, count: number, suspendMs: number, opaque: number,
 *   sql?: string}} pull
 * @returns {Buffer}
 */
export function pullFrame({ topic, queueId, offset, count, suspendMs, opaque, sql }) {
  const sysFlag = suspendMs > 0 ? 6 : 4
  const [subscription, type] = sql === undefined ? ['*', 'TAG'] : [sql, 'SQL92']
  const header = `{"code":11,"extFields":{"queueId":"${queueId}","commitOffset":"0","subscription":"${subscription}","suspendTimeoutMillis":"${suspendMs}","bname":"broker-a","sysFlag":"${sysFlag}","expressionType":"${type}","topic":"${topic}","consumerGroup":"BenchConsumer","maxMsgNums":"${count}","queueOffset":"${offset}","subVersion":"0","maxMsgBytes":"2147483647"},"flag":0,"language":"JAVA","opaque":${opaque},${javaTail}`
  return encodeFrame(header)
}

/**
 * A commit (37), one-way as clients send it.
 * @param {{topic: string, queueOffset: string, physicalOffset: number, key: string}} half @param {number} opaque
 * @returns {string}
 */
export function commitHeader({ topic, queueOffset, physicalOffset, key }, opaque) {
  return `{"code":37,"extFields":{"producerGroup":"BenchProducer","bname":"broker-a","commitLogOffset":"${physicalOffset}","topic":"${topic}","msgId":"${key}","tranStateTableOffset":"${queueOffset}","commitOrRollback":"8","transactionId":"${key}","fromTransactionCheck":"false"},"flag":2,"language":"JAVA","opaque":${opaque},${javaTail}`
}

/** Asks for the end of a queue (30). @param {string} topic @param {number} queueId @returns {Buffer} */
export function maxOffsetFrame(topic, queueId) {
  const fields = { bname: 'broker-a', committed: 'true', queueId: String(queueId), topic }
  return encodeFrame(requestHeader(30, fields, opaqueBase))
}

/**
 * A heartbeat (34) of a client that is both a producer and a push consumer of one topic.
 * @param {{clientId: string, group: string, topic: string, opaque: number}} client @returns {Buffer}
 */
export function heartbeatFrame({ clientId, group, topic, opaque }) {
  const subscription = {
    classFilterMode: false,
    codeSet: [],
    expressionType: 'TAG',
    subString: '*',
    subVersion: 1,
    tagsSet: [],
    topic,
  }
  const body = {
    clientID: clientId,
    consumerDataSet: [
      {
        consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
        consumeType: 'CONSUME_PASSIVELY',
        groupName: group,
        messageModel: 'CLUSTERING',
        subscriptionDataSet: [subscription],
        unitMode: false,
      },
    ],
    heartbeatFingerprint: 0,
    producerDataSet: [{ groupName: 'BenchProducer' }],
    withoutSub: false,
  }
  return encodeFrame(requestHeader(34, {}, opaque), Buffer.from(JSON.stringify(body)))
}
