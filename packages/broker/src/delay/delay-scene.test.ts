import assert from 'node:assert/strict'
import { silentLogger, utf8Text } from '@aerobee/base'
import {
  type AppendOutcome,
  ConfigFile,
  delayLevelsOf,
  type MessageStore,
  openMessageStore,
  type StoreOptions,
} from '@aerobee/store'
import { FaultFileSystem, listLogger, VirtualClock } from '@aerobee/testkit'
import { decodeRecords, type MessageRecord } from '@aerobee/wire'
import type { BrokerConfig } from '../config-keys.js'
import { putMessage } from '../delivery/put.js'
import { defaultConfig } from '../fakes.test.js'
import { BrokerStats } from '../stats/broker-stats.js'
import { tableFile } from '../table-file.js'
import { DelayService } from './delay-service.js'

/** A delay service over a store on a failing disk, for the tests beside; holds no tests itself. */

export const schedule = 'SCHEDULE_TOPIC_XXXX'
const host = Uint8Array.of(127, 0, 0, 1, 0, 0, 42, 159)

export interface SceneOptions {
  disk?: FaultFileSystem
  clock?: VirtualClock
  config?: Partial<BrokerConfig>
}

export class DelayScene {
  readonly disk: FaultFileSystem
  readonly clock: VirtualClock
  readonly store: MessageStore
  readonly delay: DelayService
  readonly lines: string[] = []
  readonly #config: Partial<BrokerConfig> | undefined
  readonly #put: (body: string, level: number, more: string, done: (outcome: AppendOutcome) => void) => void

  private constructor({ disk, clock, config: more }: SceneOptions) {
    this.disk = disk ?? new FaultFileSystem()
    this.clock = clock ?? new VirtualClock()
    this.#config = more
    const config = defaultConfig({
      storePathRootDir: '/store',
      messageDelayLevel: '1s 2s 1m',
      mappedFileSizeCommitLog: 65_536,
      mappedFileSizeConsumeQueue: 2000,
      maxHashSlotNum: 100,
      maxIndexNum: 400,
      ...more,
    })
    const surroundings = { clock: this.clock, fileSystem: this.disk, logger: silentLogger }
    this.store = openMessageStore({ ...surroundings, options: config satisfies StoreOptions })
    const file = new ConfigFile({ ...surroundings, directory: '/store/config' }, 'delayOffset.json')
    const parts = {
      config,
      clock: this.clock,
      logger: listLogger(this.lines),
      store: this.store,
      delayLevels: delayLevelsOf(config),
      timer: { apply: () => undefined },
      stats: new BrokerStats({
        clock: this.clock,
        settings: config,
        isSystem: (topic) => topic === schedule,
      }),
      file: tableFile(file, { ...surroundings, name: 'delayOffset.json' }),
    }
    this.delay = new DelayService(parts)
    this.#put = (body, level, more, done) => {
      const wish = { delayLevel: String(level), timer: false, timerOut: false }
      putMessage(parts, newMessage(body, level, more), wish, done)
    }
  }

  static async started(options: SceneOptions = {}): Promise<DelayScene> {
    const scene = new DelayScene(options)
    await scene.clock.resolve(scene.store.start())
    await scene.clock.resolve(scene.delay.recover())
    scene.delay.start()
    await scene.clock.settle()
    return scene
  }

  async stop(): Promise<void> {
    await this.clock.resolve(this.delay.stop())
    await this.clock.resolve(this.store.stop())
    this.delay.saveAtEnd()
  }

  async restarted(config = this.#config): Promise<DelayScene> {
    await this.stop()
    return DelayScene.started({ disk: this.disk.afterKill(), clock: this.clock, ...(config && { config }) })
  }

  /** `more`: properties as text. */
  send(body: string, level: number, more = ''): Promise<AppendOutcome> {
    return this.clock.resolve(new Promise((resolve) => this.#put(body, level, more, resolve)))
  }

  /** What lies in a queue, from its start on. */
  async records(topic: string, queueId = 0): Promise<MessageRecord[]> {
    const found: MessageRecord[] = []
    for (let offset = 0; offset < this.store.maxOffset(topic, queueId); ) {
      const read = this.store.read({ topic, queueId, offset, maxCount: 32, maxBytes: 1 << 20 })
      const outcome = await this.clock.resolve(Promise.resolve(read))
      offset = outcome.nextOffset
      if (!outcome.records) continue
      const bytes = Buffer.alloc(outcome.records.sizeBytes)
      outcome.records.copyTo(bytes, 0)
      const decoded = decodeRecords(bytes)
      assert.ok(decoded.ok)
      found.push(...decoded.value)
    }
    return found
  }

  /** Bodies of what was delivered to the topic. */
  async delivered(): Promise<string[]> {
    return (await this.records('T')).map(({ body }) => utf8Text(body))
  }
}

const newMessage = (body: string, level: number, more: string) => ({
  topic: 'T',
  queueId: 0,
  flag: 7,
  sysFlag: 0,
  bornTimestamp: 1_700_000_000_000,
  bornHost: host,
  storeHost: host,
  reconsumeTimes: 2,
  preparedTransactionOffset: 0,
  body: Buffer.from(body),
  properties: `TAGS\u0001a\u0002UNIQ_KEY\u0001${body}\u0002DELAY\u0001${level}\u0002${more}`,
  tagsCode: 97,
  uniqKey: body,
  keys: undefined,
  waitStoreOk: true,
})
