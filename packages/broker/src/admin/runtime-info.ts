import type { Clock } from '@aerobee/base'
import type { MessageStore, StoreStatus } from '@aerobee/store'
import { ownVersion, readStoreTimestamp, versionName } from '@aerobee/wire'
import type { Admission } from '../admission.js'
import type { SubscriptionConflicts } from '../clients/subscription-conflicts.js'
import type { BrokerConfig } from '../config-keys.js'
import type { LevelProgress } from '../delay/delay-service.js'
import type { BrokerStats } from '../stats/broker-stats.js'
import type { TimerService } from '../timer/service.js'
import { byteText, numberText, runtimeText } from './texts.js'

export interface RuntimeParts {
  config: BrokerConfig
  clock: Clock
  store: MessageStore
  stats: BrokerStats
  admission: Admission
  conflicts: SubscriptionConflicts
  delay: { levels(): Iterable<LevelProgress> }
  timerService: TimerFigures
}

type TimerFigures = Pick<TimerService, 'figures'>
type Table = Record<string, string>

/**
 * The table that request 28 answers (reference: broker-behaviour 13), every value as text in upstream's form. What
 * there is no such thing of here, thread pools and memory pools, is shown as idle.
 */
export async function runtimeInfo(parts: RuntimeParts): Promise<Table> {
  const { store, config } = parts
  const status = store.status()
  return {
    ...storeFigures(parts, status),
    ...spaceFigures(config, status),
    ...rateFigures(parts.stats),
    ...dayFigures(parts.stats),
    ...poolFigures(parts),
    ...timerFigures(parts.timerService),
    ...conflictSentences(parts.conflicts),
    ...delayFigures(parts),
    brokerActive: 'true',
    brokerVersion: String(ownVersion),
    brokerVersionDesc: versionName(ownVersion),
    earliestMessageTimeStamp: String(await earliestStoreTime(store, status)),
    startAcceptSendRequestTimeStamp: String(config.startAcceptSendRequestTimeStamp),
  }
}

/** Of each delay level how far it has come, and the end of its queue. */
function delayFigures({ delay }: RuntimeParts): Table {
  const figures: Table = {}
  for (const { level, offset, maxOffset } of delay.levels())
    figures[`scheduleMessageOffset_${level}`] = `${offset},${maxOffset}`
  return figures
}

/** Wall ms of the oldest record in the log; -1 when there is none. */
async function earliestStoreTime(store: MessageStore, status: StoreStatus): Promise<number> {
  if (status.minPhysicalOffset >= status.maxPhysicalOffset) return -1
  const record = await store.recordAt(status.minPhysicalOffset)
  if (!record) return -1
  return readStoreTimestamp(new DataView(record.buffer, record.byteOffset, record.byteLength), 0)
}

function storeFigures({ stats, clock }: RuntimeParts, status: StoreStatus): Table {
  const { putTimes, putBytes, putFailed } = stats.totals
  return {
    bootTimestamp: String(status.bootTimestamp),
    runtime: runtimeText(clock.wallMs() - status.bootTimestamp),
    // Upstream divides by it, and so do its readers.
    putMessageTimesTotal: String(Math.max(putTimes, 1)),
    putMessageFailedTimes: String(putFailed),
    putMessageSizeTotal: String(putBytes),
    putMessageAverageSize: numberText(putBytes / Math.max(putTimes, 1)),
    putMessageEntireTimeMax: String(stats.putTimes.maxMs),
    putMessageDistributeTime: stats.putTimes.distributionText(),
    putLatency99: stats.putTimes.percentileMs(0.99).toFixed(2),
    putLatency999: stats.putTimes.percentileMs(0.999).toFixed(2),
    getMessageEntireTimeMax: String(stats.getMillisMax),
    dispatchMaxBuffer: '0',
    dispatchBehindBytes: String(status.dispatchBehindBytes),
    commitLogMinOffset: String(status.minPhysicalOffset),
    commitLogMaxOffset: String(status.maxPhysicalOffset),
    pageCacheLockTimeMills: '0',
    remainTransientStoreBufferNumbs: '2147483647',
    remainHowManyDataToFlush: byteText(status.maxPhysicalOffset - status.flushedOffset),
  }
}

function spaceFigures(config: BrokerConfig, { space }: StoreStatus): Table {
  const logPath = config.storePathCommitLog || `${config.storePathRootDir}/commitlog`
  const logRatio = numberText(space.commitLogRatio)
  return {
    commitLogDiskRatio: logRatio,
    [`commitLogDiskRatio_${logPath}`]: logRatio,
    consumeQueueDiskRatio: numberText(space.consumeQueueRatio),
    commitLogDirCapacity: `Total : ${byteText(space.totalBytes)}, Free : ${byteText(space.usableBytes)}.`,
  }
}

/** Each over the last 10, 60 and 600 s; a broker without samples yet has served nothing. */
function rateFigures(stats: BrokerStats): Table {
  const rates = (of: Parameters<BrokerStats['rates']>[0]) => {
    const measured = stats.rates(of)
    return (measured.length > 0 ? measured : [0, 0, 0]).map(numberText).join(' ')
  }
  return {
    putTps: rates(({ putTimes }) => putTimes),
    getFoundTps: rates(({ getFound }) => getFound),
    getMissTps: rates(({ getMissed }) => getMissed),
    getTotalTps: rates(({ getFound, getMissed }) => getFound + getMissed),
    getTransferredTps: rates(({ getTransferred }) => getTransferred),
  }
}

function dayFigures({ day, totals }: BrokerStats): Table {
  return {
    msgPutTotalYesterdayMorning: String(day.yesterdayMorning.put),
    msgPutTotalTodayMorning: String(day.todayMorning.put),
    msgPutTotalTodayNow: String(totals.putOfUsers),
    msgGetTotalYesterdayMorning: String(day.yesterdayMorning.get),
    msgGetTotalTodayMorning: String(day.todayMorning.get),
    msgGetTotalTodayNow: String(totals.getOfUsers),
  }
}

/** Requests are served as they come; the sends that wait for the disk are the only queue there is. */
function poolFigures({ config, admission }: RuntimeParts): Table {
  const carried = config as unknown as Record<string, unknown>
  const pool = (name: string, size: number): Table => ({
    [`${name}ThreadPoolQueueSize`]: String(size),
    [`${name}ThreadPoolQueueCapacity`]: String(carried[`${name}ThreadPoolQueueCapacity`]),
    [`${name}ThreadPoolQueueHeadWaitTimeMills`]: '0',
  })
  return {
    ...pool('send', admission.sendsUnderWay),
    ...pool('pull', 0),
    ...pool('litePull', 0),
    ...pool('query', 0),
    ...pool('ack', 0),
    EndTransactionQueueSize: '0',
    EndTransactionThreadPoolQueueCapacity: String(carried.endTransactionPoolQueueCapacity),
  }
}

function timerFigures(timer: TimerFigures): Table {
  const { readBehindSeconds, offsetBehind, waiting, enqueueTps, dequeueTps } = timer.figures()
  return {
    timerReadBehind: String(readBehindSeconds),
    timerOffsetBehind: String(offsetBehind),
    timerCongestNum: String(waiting),
    timerEnqueueTps: numberText(enqueueTps),
    timerDequeueTps: numberText(dequeueTps),
  }
}

const shownConflicts = 10

/** Groups whose members subscribe in different ways; without one the table is RocketMQ's. */
function conflictSentences(conflicts: SubscriptionConflicts): Table {
  const sentences = conflicts.sentences()
  if (sentences.length === 0) return {}
  const rest = sentences.length - shownConflicts
  const more = rest > 0 ? [`${rest} more groups`] : []
  return { conflictingSubscriptions: [...sentences.slice(0, shownConflicts), ...more].join('. ') }
}
