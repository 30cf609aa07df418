// Messages whose every part can be told from their number, the same ones that the Java driver makes and compares.
import assert from 'node:assert/strict'

/** @typedef {import('@aerobee/client').OutgoingMessage} OutgoingMessage */
/** @typedef {import('@aerobee/client').ReceivedMessage} ReceivedMessage */

const tags = ['TagA', 'TagB', 'TagC']

/** Most are small, each tenth is over the 4 KiB at which clients compress, each twentieth 200 KiB. @param {number} n */
function body(n) {
  const length = n % 20 === 19 ? 200_000 : n % 10 === 9 ? 6_000 : 60
  const words = [`body ${n} € `]
  let written = words[0].length
  for (let word = n; written < length; word = (Math.imul(word, 31) + 7) | 0) {
    const hex = (word >>> 0).toString(16)
    words.push(hex)
    written += hex.length
  }
  return words.join('')
}

/** @param {string} topic @param {number} n */
export function sample(topic, n) {
  return {
    topic,
    body: body(n),
    tags: tags[n % tags.length],
    keys: [`key-${n}`, 'shared'],
    properties: { n: `${n}`, greeting: `héllo wörld, 你好, жду 🙂 ${n}`, größe: `=${n}` },
  }
}

/** All that the sender set is in what arrived. @param {ReceivedMessage} message */
export function assertIsSample(message) {
  const n = Number(message.property('n'))
  const sent = sample(message.topic, n)
  assert.equal(message.text(), sent.body, `body of ${n}`)
  assert.equal(message.tags, sent.tags, `tags of ${n}`)
  assert.deepEqual(message.keys, sent.keys, `keys of ${n}`)
  for (const [name, value] of Object.entries(sent.properties))
    assert.equal(message.property(name), value, `property ${name} of ${n}`)
  return n
}
