// TLS, to servers whose certificate nobody has signed.
import assert from 'node:assert/strict'

/** @typedef {import('./scene.mjs').Scene} Scene */

/**
 * The certificate is one that the Java server made for itself at its start. Sends go to the port less 2. First handshakes with a
 * fresh JVM take seconds on a busy machine.
 */
export const options = {
  tls: { insecureSkipVerify: true },
  vipChannelEnabled: true,
  sendMsgTimeout: 15_000,
  mqClientApiTimeout: 10_000,
}

/** @param {Scene} scene */
async function refused(scene) {
  const producer = await scene.producer({ tls: true, producerGroup: `${scene.topic}-careful` })
  await assert.rejects(producer.send({ topic: scene.topic, body: 'x' }), (/** @type {any} */ error) => {
    assert.equal(error.code, 'CONNECT_FAILED', error.message)
    assert.equal(error.retryable, false)
    assert.match(error.message, /nobody that is trusted signed its certificate .*as tls\.ca/)
    return true
  })
}

/** @param {Scene} scene */
async function plain(scene) {
  await scene.makeTopic()
  const producer = await scene.producer({ tls: false, producerGroup: `${scene.topic}-plain` })
  assert.equal((await producer.send({ topic: scene.topic, body: 'x' })).status, 'SEND_OK')
}

/** Cases for a server with TLS that takes plain connections too. */
export const tls = [
  { name: 'a certificate that nobody signed is refused, with the way out', run: refused },
  { name: 'a client without TLS is served beside', run: plain },
]
