import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import test, { mock } from 'node:test'
import { RealPlace } from './real-place.test.js'

/** The examples of the client, against a server in this process: what each prints. */
const expected: Record<string, readonly RegExp[]> = {
  'producer.mjs': [
    /^SEND_OK: message [0-9A-F]{32} is at offset 0 of queue \d$/,
    /^3 messages in a batch$/,
    /^sent to queue 0 of broker-a$/,
    /^not sent: the user left$/,
    /^INVALID_ARGUMENT, trying again will not help: /,
  ],
  'push-consumer.mjs': [
    /^first has \d of 4 queues of example-payments$/,
    /^second has \d of 4 queues of example-payments$/,
    /^payment 1 is paid$/,
    /^payment 6 is refunded$/,
  ],
  'ordered.mjs': [
    /^order A: created, paid, shipped$/,
    /^order B: created, paid, shipped$/,
    /^order C: created, paid, shipped$/,
  ],
  'retry.mjs': [/^try 1: to nobody$/, /^try 2/, /^try 3/, /^dead: to nobody, was to go to example-mails$/],
  'lite-pull.mjs': [
    /^iterated: 0 1 2 3 4$/,
    /^polled after a seek: 0 1 2 3 4$/,
    /^the group goes on at offset 3 of that queue$/,
  ],
  'broadcasting.mjs': [/^east drops key 7$/, /^west drops key 7$/],
  'sql-filter.mjs': [/^large sale: 20 in eu$/],
  'request-reply.mjs': [/^the answer is 42$/],
  'delay.mjs': [
    /^by level, [1-9]\d*\.\d s after it was sent$/,
    /^by time, [1-9]\d*\.\d s after it was sent$/,
    /^taken back$/,
  ],
  'transaction.mjs': [/^1: ROLLBACK_MESSAGE$/, /^2: COMMIT_MESSAGE$/, /^seen: booking 2$/],
  'shared-client.mjs': [/^reading 4 queues$/, /^over the same connection$/, /^the consumer is closed$/],
}
const folder = new URL('../../../client/examples/', import.meta.url)

test('the examples of the client run, and say what they should', async () => {
  const place = await RealPlace.start()
  const before = process.env.NAMESRV_ADDR
  process.env.NAMESRV_ADDR = place.namesrvAddr
  const log = mock.method(console, 'log', () => {})
  try {
    for (const [name, lines] of Object.entries(expected)) {
      log.mock.resetCalls()
      await import(new URL(name, folder).href)
      const printed = log.mock.calls.map((call) => String(call.arguments[0]))
      for (const line of lines)
        assert.ok(
          printed.some((one) => line.test(one)),
          `${name}: ${line} in\n${printed.join('\n')}`,
        )
    }
  } finally {
    log.mock.restore()
    if (before === undefined) delete process.env.NAMESRV_ADDR
    else process.env.NAMESRV_ADDR = before
    await place.stop()
  }
})

test('every example is run', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.mjs'))
  assert.deepEqual(files.sort(), Object.keys(expected).sort())
})
