import assert from 'node:assert/strict'
import { type Logger, seededRandom, utf8, utf8Text } from '@aerobee/base'
import { ConfigFile, type MessageStore, type NewMessage, openMessageStore } from '@aerobee/store'
import { FaultFileSystem, VirtualClock } from '@aerobee/testkit'
import { decodeRecords, type MessageRecord, propertyText, tagsCode } from '@aerobee/wire'
import type { BrokerConfig } from '../config-keys.js'
import { type PutRefusal, putMessage } from '../delivery/put.js'
import { defaultConfig } from '../fakes.test.js'
import { scanProperties } from '../sent-properties.js'
import { BrokerStats } from '../stats/broker-stats.js'
import { tableFile } from '../table-file.js'
import { TimerService } from './service.js'

/** A store with its timer on a failing disk and a virtual clock, for the tests beside; holds no tests itself. */

export const startMs = 1_795_510_272_340
const host = Uint8Array.of(127, 0, 0, 1, 0, 0, 0x2a, 0x9f)

export interface TimerSceneOptions {
  disk?: FaultFileSystem
  /** Wall ms at the start. */
  nowMs?: number
  config?: Partial<BrokerConfig>
}

export class TimerScene {
  readonly disk: FaultFileSystem
  readonly clock: VirtualClock
  readonly config: BrokerConfig
  readonly store: MessageStore
  readonly service: TimerService
  readonly lines: string[] = []

  private constructor({ disk = new FaultFileSystem(), nowMs = startMs, config = {} }: TimerSceneOptions) {
    const clock = new VirtualClock(nowMs)
    this.disk = disk
    this.clock = clock
    this.config = defaultConfig({
      storePathRootDir: '/store',
      mappedFileSizeCommitLog: 65_536,
      mappedFileSizeConsumeQueue: 2000,
      maxHashSlotNum: 100,
      maxIndexNum: 400,
      mappedFileSizeTimerLog: 5200,
      ...config,
    })
    const logger = listLogger(this.lines)
    this.store = openMessageStore({ options: this.config, clock, fileSystem: disk, logger })
    const parts = { config: this.config, clock, fileSystem: disk, logger, random: seededRandom(1) }
    const place = { fileSystem: disk, clock, logger, directory: '/store/config' }
    this.service = new TimerService({
      ...parts,
      store: this.store,
      stats: new BrokerStats({ clock, settings: this.config, isSystem: () => false }),
      file: tableFile(new ConfigFile(place, 'timermetrics'), { name: 'timermetrics', clock, logger }),
    })
  }

  static async started(options: TimerSceneOptions = {}): Promise<TimerScene> {
    const scene = new TimerScene(options)
    await scene.clock.resolve(scene.store.start())
    await scene.clock.resolve(scene.service.start())
    return scene
  }

  get nowMs(): number {
    return this.clock.wallMs()
  }

  async stop(): Promise<void> {
    await this.clock.resolve(this.service.stop())
    await this.clock.resolve(this.store.stop())
  }

  /** Stopped in order, and started again after `awayMs`. */
  async restarted(awayMs = 10, options: TimerSceneOptions = {}): Promise<TimerScene> {
    await this.stop()
    return TimerScene.started({
      disk: this.disk.afterKill(),
      nowMs: this.nowMs + awayMs,
      config: this.config,
      ...options,
    })
  }

  /** Puts a message to topic T, queue 0; its body is also its unique key. Resolves to the status or the refusal. */
  async put(body: string, properties: Record<string, string | number>, more: Partial<NewMessage> = {}) {
    return this.clock.resolve(this.send(body, properties, more))
  }

  send(
    body: string,
    properties: Record<string, string | number>,
    more: Partial<NewMessage> = {},
  ): Promise<string | PutRefusal> {
    const text = Object.entries({ UNIQ_KEY: body, TAGS: 'a', ...properties })
      .map(([name, value]) => propertyText(name, String(value)))
      .join('')
    const message: NewMessage = {
      topic: 'T',
      queueId: 0,
      flag: 7,
      sysFlag: 0,
      bornTimestamp: this.nowMs,
      bornHost: host,
      storeHost: host,
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
      body: utf8(body),
      properties: text,
      tagsCode: tagsCode('a'),
      uniqKey: body,
      keys: undefined,
      waitStoreOk: true,
      ...more,
    }
    const parts = { config: this.config, store: this.store, delayLevels: [1000], timer: this.service.hook }
    return new Promise((resolve) => {
      const refused = putMessage(parts, message, scanProperties(text), ({ status }) => resolve(status))
      if (refused) resolve(refused)
    })
  }

  async records(topic = 'T', queueId = 0): Promise<MessageRecord[]> {
    const records: MessageRecord[] = []
    let offset = this.store.minOffset(topic, queueId)
    while (offset < this.store.maxOffset(topic, queueId)) {
      const request = { topic, queueId, offset, maxCount: 100, maxBytes: 1 << 20 }
      const outcome = await this.clock.resolve(Promise.resolve(this.store.read(request)))
      if (outcome.records) {
        const bytes = Buffer.alloc(outcome.records.sizeBytes)
        outcome.records.copyTo(bytes, 0)
        const decoded = decodeRecords(bytes)
        assert.ok(decoded.ok)
        records.push(...decoded.value)
      }
      offset = outcome.nextOffset
    }
    return records
  }

  /** What was delivered, `body time`: the time counted from `fromMs`. */
  async delivered(fromMs = startMs): Promise<string[]> {
    return (await this.records()).map(
      ({ body, storeTimestamp }) => `${utf8Text(body)} ${storeTimestamp - fromMs}`,
    )
  }

  async bodies(): Promise<string[]> {
    return (await this.records()).map(({ body }) => utf8Text(body))
  }
}

function listLogger(lines: string[]): Logger {
  const note = (level: string) => (text: string) => lines.push(`${level} ${text}`)
  return { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }
}
