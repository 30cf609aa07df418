import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MiB, systemClock } from '@aerobee/base'
import { Producer, PushConsumer } from '@aerobee/client'
import { listLogger } from '@aerobee/testkit'
import { decodeFrame, encodeFrame, type Frame } from '@aerobee/wire'
import { type Embedded, startEmbedded } from '../embedded.js'

/** A server on real sockets and a real directory, with well-behaved clients beside; holds no tests itself. */
export class RealPlace {
  readonly directory = mkdtempSync(join(tmpdir(), 'aerobee-scenario-'))
  readonly log: string[] = []
  /** Closed with the place, whatever became of the test. */
  readonly closing: (() => Promise<void>)[] = []
  readonly #brokerConfig: Readonly<Record<string, string>>
  #embedded: Embedded | undefined

  private constructor(brokerConfig: Readonly<Record<string, string>>) {
    this.#brokerConfig = { mappedFileSizeCommitLog: String(64 * MiB), ...brokerConfig }
  }

  static async start(brokerConfig: Readonly<Record<string, string>> = {}): Promise<RealPlace> {
    const place = new RealPlace(brokerConfig)
    await place.startServers()
    return place
  }

  async startServers(): Promise<void> {
    this.#embedded = await startEmbedded({
      dataDirectory: join(this.directory, 'data'),
      brokerConfig: this.#brokerConfig,
      logger: listLogger(this.log),
    })
  }

  stopServers(): Promise<void> {
    return this.#embedded!.stop()
  }

  get namesrvAddr(): string {
    return this.#embedded!.namesrvAddr
  }

  get brokerAddr(): string {
    return this.#embedded!.brokerAddr
  }

  /** Paths below the directory, from it. */
  files(): string[] {
    return readdirSync(this.directory, { recursive: true })
      .map((name) => String(name).replaceAll('\\', '/'))
      .sort()
  }

  /** Every path with a hash of what it holds. */
  hashes(): Record<string, string> {
    const hashOf = (path: string) => {
      const info = statSync(path, { throwIfNoEntry: false })
      if (!info) return 'gone'
      return info.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : 'directory'
    }
    return Object.fromEntries(this.files().map((name) => [name, hashOf(join(this.directory, name))]))
  }

  async stop(): Promise<void> {
    for (const close of this.closing) await close()
    await this.stopServers()
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** A producer and a consumer that never stop; what they do is nobody else's business. */
export class HealthyClients {
  readonly #topic: string
  readonly #producer: Producer
  readonly #consumer: PushConsumer
  readonly #consumed = new Set<string>()
  #acknowledged = 0
  #slowestMs = 0
  #stopped = false
  #loop: Promise<void> | undefined
  #nextSend: Promise<void> | undefined
  #whenAll = () => {}

  private constructor(place: RealPlace, topic: string) {
    this.#topic = topic
    const options = { namesrvAddr: place.namesrvAddr }
    this.#producer = new Producer({ ...options, producerGroup: 'healthy-senders' })
    this.#consumer = new PushConsumer({ ...options, consumerGroup: 'healthy-readers', from: 'earliest' })
  }

  static async start(place: RealPlace, topic = 'healthy'): Promise<HealthyClients> {
    const clients = new HealthyClients(place, topic)
    place.closing.push(() => clients.#close())
    await clients.#producer.start()
    await clients.#send()
    clients.#consumer.subscribe(topic)
    await clients.#consumer.run((message) => {
      clients.#consumed.add(message.text())
      if (clients.#consumed.size >= clients.#acknowledged) clients.#whenAll()
    })
    clients.#loop = clients.#run()
    clients.#loop.catch(() => {})
    return clients
  }

  /** Longest wait of a send so far, ms. */
  get slowestMs(): number {
    return this.#slowestMs
  }

  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Resolves when so many further messages were acknowledged. */
  async more(count: number): Promise<void> {
    const until = this.#acknowledged + count
    while (this.#acknowledged < until) await this.#nextSend
  }

  /** Resolves when everything that was acknowledged has been consumed. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#loop
    if (this.#consumed.size < this.#acknowledged)
      await new Promise<void>((resolve) => {
        this.#whenAll = resolve
      })
    await this.#close()
  }

  async #close(): Promise<void> {
    this.#stopped = true
    await this.#consumer.close()
    await this.#producer.close()
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#nextSend = this.#send()
      await this.#nextSend
    }
  }

  async #send(): Promise<void> {
    const startedAt = systemClock.monoMs()
    const result = await this.#producer.send({ topic: this.#topic, body: `message ${this.#acknowledged}` })
    assert.equal(result.status, 'SEND_OK')
    this.#acknowledged++
    this.#slowestMs = Math.max(this.#slowestMs, systemClock.monoMs() - startedAt)
    await new Promise<void>((resolve) => systemClock.after(2, resolve))
  }
}

/** A peer that sends whatever bytes it likes. */
export class RawPeer {
  readonly socket: Socket
  readonly closed: Promise<void>
  readonly answers = new Map<number, Frame>()
  #received = Buffer.alloc(0)
  #whenAnswered: (() => void) | undefined
  #expected = 0
  #isClosed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => {})
    this.closed = new Promise((resolve) =>
      socket.on('close', () => {
        this.#isClosed = true
        this.#whenAnswered?.()
        resolve()
      }),
    )
    socket.on('data', (chunk) => this.#take(chunk))
  }

  static connect(address: string): Promise<RawPeer> {
    const [host, port] = address.split(':')
    return new Promise((resolve, reject) => {
      const socket = connect({ host: host!, port: Number(port), noDelay: true }, () =>
        resolve(new RawPeer(socket)),
      )
      socket.once('error', reject)
    })
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  send(...frames: Frame[]): void {
    for (const frame of frames) this.socket.write(encodeFrame(frame))
  }

  /** Resolves when so many requests have an answer, or the connection is closed. */
  async answered(count: number): Promise<void> {
    this.#expected = count
    if (this.answers.size >= count || this.#isClosed) return
    await new Promise<void>((resolve) => {
      this.#whenAnswered = resolve
    })
  }

  destroy(): void {
    this.socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    while (this.#received.length >= 4) {
      const end = 4 + this.#received.readInt32BE(0)
      if (this.#received.length < end) break
      const frame = decodeFrame(this.#received, 0, end)
      assert.ok(frame.ok, 'what the server sends is a frame')
      // Requests of the server to us are none of our answers.
      if ((frame.value.flag & 1) !== 0)
        this.answers.set(frame.value.opaque, { ...frame.value, body: frame.value.body.slice() })
      this.#received = this.#received.subarray(end)
    }
    if (this.answers.size >= this.#expected) this.#whenAnswered?.()
  }
}
