import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { type Clock, MiB, seededRandom, systemClock } from '@aerobee/base'
import { type ClientOptions, isAerobeeError, Producer, PushConsumer } from '@aerobee/client'
import { parseEndpoint, tcpTransport } from '@aerobee/net'
import { ChaosRelay, type Direction } from '@aerobee/testkit'
import { startEmbedded } from '../embedded.js'
import { machine } from '../system.js'

/**
 * Real sockets through a relay that cuts, stalls and resets, with clients and servers on a clock that runs six times as fast:
 * what takes a pull's 30 s takes five.
 */
const haste = 6
const hastyClock: Clock = {
  wallMs: () => Math.floor(systemClock.wallMs() + systemClock.monoMs() * (haste - 1)),
  monoMs: () => systemClock.monoMs() * haste,
  after: (delayMs, run, options) => systemClock.after(delayMs / haste, run, options),
  every: (periodMs, run, options) => systemClock.every(periodMs / haste, run, options),
  endOfTurn: (run) => systemClock.endOfTurn(run),
}
const pause = (ms: number) => new Promise<void>((resolve) => void hastyClock.after(ms, resolve))

/** Calls end after 3 s, pulls after 30 s, and a second passes before they are tried again (client-behaviour 2.1, 4). */
/** A second of real time, which a busy machine may take. */
const slackMs = haste * 1000
const sendRecoveryMs = 3000 + slackMs
const pullRecoveryMs = 30_000 + 1000 + slackMs

/** Sockets, servers and timers of this process. */
function handles(): Record<string, number> {
  const counted: Record<string, number> = { TCPSocketWrap: 0, TCPServerWrap: 0, Timeout: 0 }
  for (const name of process.getActiveResourcesInfo()) if (name in counted) counted[name]!++
  return counted
}

class FaultyPlace {
  readonly toNameServer: ChaosRelay
  readonly toBroker: ChaosRelay
  readonly acknowledged = new Set<string>()
  readonly consumed = new Set<string>()
  readonly failures: unknown[] = []
  readonly producer: Producer
  readonly consumer: PushConsumer
  readonly #directory: string
  readonly #stop: () => Promise<void>
  #sent = 0
  #stopped = false
  #load: Promise<void> | undefined

  private constructor(
    directory: string,
    toNameServer: ChaosRelay,
    toBroker: ChaosRelay,
    brokerAddr: string,
    stop: () => Promise<void>,
  ) {
    this.#directory = directory
    this.toNameServer = toNameServer
    this.toBroker = toBroker
    this.#stop = stop
    const at = ({ host, port }: { host: string; port: number }) => `${host}:${port}`
    const options: ClientOptions = {
      namesrvAddr: at(toNameServer.endpoint),
      addressMap: { [brokerAddr]: at(toBroker.endpoint) },
      surroundings: { clock: hastyClock, random: seededRandom(1), transport: tcpTransport },
    }
    this.producer = new Producer({ ...options, producerGroup: 'p' })
    this.consumer = new PushConsumer({ ...options, consumerGroup: 'g', from: 'earliest' }).subscribe('T')
  }

  static async start(): Promise<FaultyPlace> {
    const directory = mkdtempSync(join(tmpdir(), 'aerobee-relay-'))
    const embedded = await startEmbedded({
      dataDirectory: directory,
      surroundings: { ...machine, clock: hastyClock },
      brokerConfig: { mappedFileSizeCommitLog: String(64 * MiB) },
    })
    const relay = (address: string) => ChaosRelay.start(parseEndpoint(address), { clock: hastyClock })
    const toNameServer = await relay(embedded.namesrvAddr)
    const toBroker = await relay(embedded.brokerAddr)
    const place = new FaultyPlace(directory, toNameServer, toBroker, embedded.brokerAddr, () =>
      embedded.stop(),
    )
    await place.producer.start()
    await place.send()
    await place.consumer.run((message) => void place.consumed.add(message.text().slice(0, 20)))
    await place.comesThrough(pullRecoveryMs)
    return place
  }

  /** One message; a failure is noted. */
  async send(bodyBytes = 20): Promise<boolean> {
    const id = `message ${this.#sent++}`.padEnd(20)
    try {
      await this.producer.send({ topic: 'T', body: id.padEnd(bodyBytes, '.') })
      this.acknowledged.add(id)
      return true
    } catch (thrown) {
      this.failures.push(thrown)
      return false
    }
  }

  /** Sends all the time, until stopLoad(). */
  startLoad(bodyBytes?: number): void {
    const run = async () => {
      while (!this.#stopped) {
        await this.send(bodyBytes)
        await pause(50)
      }
    }
    this.#load = run()
  }

  async stopLoad(): Promise<void> {
    this.#stopped = true
    await this.#load
  }

  /** Resolves when everything acknowledged by then was consumed; fails after `limitMs` of the hasty clock. */
  async comesThrough(limitMs: number): Promise<void> {
    const until = hastyClock.monoMs() + limitMs
    const missing = () => [...this.acknowledged].filter((id) => !this.consumed.has(id))
    while (missing().length > 0) {
      if (hastyClock.monoMs() > until)
        assert.fail(`${missing().length} of ${this.acknowledged.size} are not consumed after ${limitMs} ms`)
      await pause(50)
    }
  }

  /** Sends until one is acknowledged; fails after `limitMs`. */
  async sendsAgain(limitMs: number): Promise<void> {
    const until = hastyClock.monoMs() + limitMs
    while (!(await this.send()))
      if (hastyClock.monoMs() > until)
        assert.fail(`no send succeeded within ${limitMs} ms: ${this.failures.at(-1)}`)
  }

  cut(direction: Direction, cut: boolean): void {
    for (const relay of [this.toNameServer, this.toBroker]) relay.set(direction, { cut })
  }

  async close(): Promise<void> {
    await this.stopLoad()
    await this.consumer.close()
    await this.producer.close()
    await this.toBroker.close()
    await this.toNameServer.close()
    await this.#stop()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

/** A story with a place of its own, after which no socket, server or timer is left that was not there before. */
function story(name: string, tell: (place: FaultyPlace) => Promise<void>): void {
  test(name, async () => {
    const before = handles()
    const place = await FaultyPlace.start()
    try {
      await tell(place)
    } finally {
      await place.close()
    }
    for (let i = 0; i < 100 && !isBaseline(before); i++) await pause(50)
    assert.deepEqual(handles(), before)
  })
}

const isBaseline = (before: Record<string, number>) =>
  Object.entries(handles()).every(([name, count]) => count <= before[name]!)

for (const [direction, what] of [
  ['up', 'to the servers'],
  ['down', 'from the servers'],
] as const)
  story(
    `when the way ${what} is cut for longer than a pull takes, all goes on once it is back`,
    async (place) => {
      place.startLoad()
      await pause(2000)
      place.cut(direction, true)
      await pause(40_000)
      assert.ok(place.failures.length > 0, 'sends fail meanwhile')
      place.cut(direction, false)
      await place.sendsAgain(sendRecoveryMs)
      await place.stopLoad()
      await place.comesThrough(pullRecoveryMs)
    },
  )

story('a stall of 5 s loses nothing, and the next send after it succeeds', async (place) => {
  place.startLoad()
  await pause(2000)
  for (const direction of ['up', 'down'] as const) place.cut(direction, true)
  await pause(5000)
  for (const direction of ['up', 'down'] as const) place.cut(direction, false)
  await place.sendsAgain(sendRecoveryMs)
  await place.stopLoad()
  await place.comesThrough(pullRecoveryMs)
})

story('connections that break in the middle of frames lose nothing, and bodies stay whole', async (place) => {
  place.startLoad(200_000)
  for (const direction of ['up', 'down'] as const)
    place.toBroker.set(direction, { bytesPerSecond: 1_000_000, splitBytes: 5000 })
  for (let i = 0; i < 10; i++) {
    await pause(1500)
    place.toBroker.reset()
  }
  place.toBroker.heal()
  await place.sendsAgain(sendRecoveryMs)
  await place.stopLoad()
  await place.comesThrough(pullRecoveryMs)
})

story(
  'while the name server is gone what is known goes on, and new topics work at once when it is back',
  async (place) => {
    place.toNameServer.refuseNew(true)
    place.toNameServer.reset()
    place.startLoad()
    await pause(35_000)
    const names = place.failures.filter(
      (thrown) => isAerobeeError(thrown, 'NO_ROUTE') || /name server/i.test(`${thrown}`),
    )
    assert.deepEqual(names, [], 'routes are kept')
    await place.comesThrough(pullRecoveryMs)
    await assert.rejects(place.producer.send({ topic: 'New', body: 'x' }), (thrown) => {
      assert.ok(isAerobeeError(thrown, 'CONNECT_FAILED'))
      return /No name server answers at 127\.0\.0\.1:\d+/.test(thrown.message)
    })
    place.toNameServer.refuseNew(false)
    await place.producer.send({ topic: 'New', body: 'x' })
    await place.stopLoad()
    await place.comesThrough(pullRecoveryMs)
  },
)

story(
  'a broker that cannot be reached is told of by every send, and found again by the next',
  async (place) => {
    const events: string[] = []
    place.producer
      .on('disconnected', () => events.push('disconnected'))
      .on('connected', () => events.push('connected'))
    place.toBroker.refuseNew(true)
    place.toBroker.reset()
    assert.equal(await place.send(), false)
    const [failure] = place.failures
    assert.ok(isAerobeeError(failure), String(failure))
    assert.equal(failure.retryable, true)
    await pause(5000)
    place.toBroker.refuseNew(false)
    assert.equal(await place.send(), true)
    assert.ok(events.includes('disconnected') && events.includes('connected'), events.join())
    await place.comesThrough(pullRecoveryMs)
  },
)
