// Signed calls, at a broker that asks for them.
import assert from 'node:assert/strict'

/** @typedef {import('./scene.mjs').Scene} Scene */

/** The user that the broker of the suite is set up with. */
export const credentials = { accessKey: 'e2e-user', secretKey: 'e2e-secret-12345' }

/** What makes an Apache broker 5.x ask for signatures; a topic may be made without. */
export const authentication = {
  authenticationEnabled: true,
  authenticationProvider: 'org.apache.rocketmq.auth.authentication.provider.DefaultAuthenticationProvider',
  authenticationMetadataProvider:
    'org.apache.rocketmq.auth.authentication.provider.LocalAuthenticationMetadataProvider',
  initAuthenticationUser: JSON.stringify({
    username: credentials.accessKey,
    password: credentials.secretKey,
  }),
  innerClientAuthenticationCredentials: JSON.stringify(credentials),
  authenticationWhitelist: 17,
}

/** @param {Scene} scene */
async function refused(scene) {
  await scene.makeTopic()
  const message = { topic: scene.topic, body: 'x' }
  /** @type {[string, import('@aerobee/client').Credentials | undefined][]} */
  const wrong = [
    ['unsigned', undefined],
    ['secret', { ...credentials, secretKey: 'another-secret' }],
    ['user', { ...credentials, accessKey: 'nobody' }],
  ]
  for (const [name, one] of wrong) {
    const producerGroup = `${scene.topic}-${name}`
    const producer = await scene.producer({ producerGroup, credentials: one, retryTimesWhenSendFailed: 0 })
    await assert.rejects(producer.send(message), (/** @type {any} */ error) => {
      assert.equal(error.code, 'BROKER_ERROR', name)
      assert.equal(error.responseCode, 16, `${name}: ${error.message}`)
      return true
    })
  }
  const producer = await scene.producer({ namespaceV2: 'signed-too' })
  assert.equal((await producer.send(message)).status, 'SEND_OK')
}

/** Cases for a broker that asks for signatures. */
export const access = [{ name: 'calls that are not signed, or wrongly, are refused', run: refused }]
