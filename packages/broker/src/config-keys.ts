import { type ConfigOf, choiceKey, flagKey, integerKey, KiB, textKey } from '@aerobee/base'
import { defaultDelayLevels } from '@aerobee/wire'
import { withDynamicKeys } from './config-dynamic.js'
import { unusedBrokerKeys } from './config-unused.js'

/**
 * Keys of RocketMQ 5.3.3's broker that have an effect here; names, units and defaults are RocketMQ's.
 * Dynamic keys are the allow-list of reference: broker-behaviour 1.8.
 */
const dynamic = { dynamic: true }
const hours = {
  dynamic: true,
  pattern: /^([01]?\d|2[0-3])(;([01]?\d|2[0-3]))*$/,
  patternText: 'hours 00 to 23 separated by ;',
}
const gib = 1024 * 1024 * 1024
const name = { pattern: /^[%|a-zA-Z0-9_.-]{1,255}$/, patternText: '1 to 255 of a-z A-Z 0-9 _ - . % |' }

const identityKeys = {
  brokerClusterName: textKey('cluster the broker belongs to', 'DefaultCluster', name),
  brokerName: textKey('name shared by a master and its slaves; empty: the host name', '', {
    pattern: /^[%|a-zA-Z0-9_.-]{0,255}$/,
    patternText: name.patternText,
  }),
  brokerId: integerKey('0 is the master', 0, [0, 0x7fff_ffff]),
  brokerRole: choiceKey('replication role', ['ASYNC_MASTER', 'SYNC_MASTER', 'SLAVE'], 'ASYNC_MASTER'),
  brokerIP1: textKey('advertised address; empty: the address a client dialled', ''),
  brokerIP2: textKey('advertised address of the replication port; empty: as brokerIP1', ''),
  regionId: textKey('stored in every message as MSG_REGION', 'DefaultRegion'),
  namesrvAddr: textKey('name servers, host:port separated by ;', '', {
    pattern: /^(|[^;:\s]+:\d{1,5}(;[^;:\s]+:\d{1,5})*;?)$/,
    patternText: '"host:port" or "host:port;host:port"',
  }),
  brokerConfigPath: textKey(
    'file that changed settings are written to; empty: they last until the restart',
    '',
  ),
}

const networkKeys = {
  bindAddress: textKey('address to listen on', '0.0.0.0'),
  listenPort: integerKey('port; the fast port is two below; 0: any free ones', 10911, [0, 65535]),
  haListenPort: integerKey('replication port; 0: listenPort + 1', 0, [0, 65535]),
  serverChannelMaxIdleTimeSeconds: integerKey('a silent connection closes after this, s', 120, [1, 86_400]),
  enableShutdownGracefully: flagKey('tell peers to go away before closing', false),
  shutdownWaitTimeSeconds: integerKey('longest go-away phase, s', 30, [0, 3600]),
  registerNameServerPeriod: integerKey(
    'period of registration, ms, clamped to [10000, 60000]',
    30_000,
    [1, 3_600_000],
    dynamic,
  ),
  registerBrokerTimeoutMills: integerKey('deadline of one registration call, ms', 24_000, [1, 600_000]),
  forceRegister: flagKey('register without asking for the data version first', true, dynamic),
}

const topicKeys = {
  brokerPermission: integerKey('4 read + 2 write', 6, [0, 7], dynamic),
  autoCreateTopicEnable: flagKey('sends create unknown topics from TBW102', true, dynamic),
  defaultTopicQueueNums: integerKey('queues of an auto-created topic', 8, [1, 1024], dynamic),
  clusterTopicEnable: flagKey('the topic named as the cluster may serve as default topic', true, dynamic),
  brokerTopicEnable: flagKey('the topic named as the broker may serve as default topic', true, dynamic),
  autoCreateSubscriptionGroup: flagKey('heartbeats and pulls create unknown groups', true, dynamic),
  enableCreateSysGroup: flagKey(
    'CID_RMQ_SYS_ groups are created even without autoCreateSubscriptionGroup',
    true,
  ),
  traceTopicEnable: flagKey('create the message trace topic at start', false, dynamic),
  msgTraceTopicName: textKey('name of the message trace topic', 'RMQ_SYS_TRACE_TOPIC', name),
  traceOn: flagKey('stored in every message as TRACE_ON', true, dynamic),
  validateSystemTopicWhenUpdateTopic: flagKey('refuse to change system topics', true),
  enableMixedMessageType: flagKey('allow message.type=MIXED', false, dynamic),
  clearRetryTopicWhenDeleteTopic: flagKey('delete a topic with its pop retry topics', true, dynamic),
}

const serviceKeys = {
  startAcceptSendRequestTimeStamp: integerKey(
    'refuse sends before this wall time, ms',
    0,
    [0, Number.MAX_SAFE_INTEGER],
    dynamic,
  ),
  sendThreadPoolQueueCapacity: integerKey('sends under way before [OVERLOAD]', 10_000, [1, 10_000_000]),
  pullThreadPoolQueueCapacity: integerKey(
    'pulls under way or held before [OVERLOAD]',
    100_000,
    [1, 10_000_000],
  ),
  waitTimeMillsInSendQueue: integerKey(
    'age at which a waiting send is refused, ms',
    200,
    [1, 3_600_000],
    dynamic,
  ),
  brokerFastFailureEnable: flagKey('refuse sends that wait too long', true, dynamic),
  longPollingEnable: flagKey('hold pulls as long as they ask', true, dynamic),
  shortPollingTimeMills: integerKey('hold time without long polling, ms', 1000, [1, 60_000], dynamic),
  maxTransferBytesOnMessageInMemory: integerKey(
    'bytes of one pull answer, recent messages',
    256 * KiB,
    [1, 64 * 1024 * KiB],
    dynamic,
  ),
  maxTransferCountOnMessageInMemory: integerKey(
    'messages of one pull answer, recent messages',
    32,
    [1, 10_000],
    dynamic,
  ),
  maxTransferBytesOnMessageInDisk: integerKey(
    'bytes of one pull answer, old messages',
    64 * KiB,
    [1, 64 * 1024 * KiB],
    dynamic,
  ),
  maxTransferCountOnMessageInDisk: integerKey(
    'messages of one pull answer, old messages',
    8,
    [1, 10_000],
    dynamic,
  ),
  accessMessageInMemoryMaxRatio: integerKey(
    'share of memory that counts as recent, %',
    40,
    [1, 100],
    dynamic,
  ),
  slaveReadEnable: flagKey('suggest the slave to slow readers', false, dynamic),
  litePullMessageEnable: flagKey('serve lite pull consumers', true, dynamic),
  rejectPullConsumerEnable: flagKey('refuse consumers that pull by themselves', false, dynamic),
  enablePropertyFilter: flagKey('serve SQL92 filters', false, dynamic),
  filterSupportRetry: flagKey(
    'an SQL92 filter on a retry topic is the one of the original topic',
    false,
    dynamic,
  ),
  filterDataCleanTimeSpan: integerKey(
    'a filter that nobody uses is kept for this long, ms',
    86_400_000,
    [1000, 1_000_000_000_000],
    dynamic,
  ),
  enableBroadcastOffsetStore: flagKey('keep the offsets of clients of broadcasting groups', true),
  broadcastOffsetExpireSecond: integerKey('how long for a client that left, s', 120, [1, 86_400]),
  broadcastOffsetExpireMaxSecond: integerKey('how long for a client that pulls no more, s', 300, [1, 86_400]),
  rejectConflictingSubscription: flagKey(
    'refuse consumers that subscribe in another way than their group (not in RocketMQ)',
    false,
    dynamic,
  ),
  storeReplyMessageEnable: flagKey('store replies besides bringing them to who asked', true),
  notifyConsumerIdsChangedEnable: flagKey('tell consumers when their group changed', true, dynamic),
  channelExpiredTimeout: integerKey(
    'a client silent for this long is dropped, ms',
    120_000,
    [1000, 86_400_000],
  ),
  subscriptionExpiredTimeout: integerKey(
    'age of a remembered pull subscription, ms',
    600_000,
    [1000, 86_400_000],
  ),
  flushConsumerOffsetInterval: integerKey('period of saving consumer offsets, ms', 5000, [100, 3_600_000]),
  flushDelayOffsetInterval: integerKey(
    'period of saving the offsets of delay levels, ms',
    10_000,
    [100, 3_600_000],
  ),
  delayOffsetUpdateVersionStep: integerKey(
    'deliveries of delayed messages per data version',
    200,
    [1, 1_000_000],
  ),
  consumerOffsetUpdateVersionStep: integerKey('commits per data version', 500, [1, 1_000_000]),
  enableDetailStat: flagKey('statistics of single queues', true),
  autoDeleteUnusedStats: flagKey('statistics go with their topic or group', true, dynamic),
  useServerSideResetOffset: flagKey('reset offsets on the broker', true, dynamic),
  defaultQueryMaxNum: integerKey('records of a query by unique key', 32, [1, 10_000]),
  maxMsgsNumBatch: integerKey('records of a query by key', 64, [1, 10_000]),
}

/** Reference: broker-behaviour 9. */
const transactionKeys = {
  rejectTransactionMessage: flagKey('refuse transaction messages', false, dynamic),
  transactionTimeOut: integerKey(
    'age at which a half message is checked, ms',
    6000,
    [0, 86_400_000],
    dynamic,
  ),
  transactionCheckMax: integerKey(
    'checks after which a half message is given up',
    15,
    [1, 1_000_000],
    dynamic,
  ),
  transactionCheckInterval: integerKey(
    'period of checking half messages, ms',
    30_000,
    [10, 86_400_000],
    dynamic,
  ),
  transactionOpMsgMaxSize: integerKey('bytes of a full op message', 4096, [16, 64 * KiB], dynamic),
  transactionOpBatchInterval: integerKey(
    'longest wait of an outcome for its op message, ms',
    3000,
    [0, 600_000],
    dynamic,
  ),
  transactionMetricFlushInterval: integerKey(
    'period of saving the counts of half messages, ms',
    3000,
    [100, 3_600_000],
  ),
  endTransactionPoolQueueCapacity: integerKey(
    'outcomes under way before [OVERLOAD]',
    100_000,
    [1, 10_000_000],
  ),
}

const storeKeys = {
  storePathRootDir: textKey('root of the store; ~/ is the home directory', '~/store'),
  storePathCommitLog: textKey('commit log directory; empty: commitlog in the root', ''),
  mappedFileSizeCommitLog: integerKey('bytes of a commit log file', gib, [4096, 16 * gib]),
  mappedFileSizeConsumeQueue: integerKey('bytes of a consume queue file, multiple of 20', 6_000_000, [
    20,
    gib,
  ]),
  mapperFileSizeBatchConsumeQueue: integerKey(
    'bytes of a consume queue file of a topic with queue.type=BatchCQ, multiple of 46',
    13_800_000,
    [46, gib],
  ),
  enableLmq: flagKey('serve light message queues, topics named %LMQ%…', false),
  enableMultiDispatch: flagKey(
    'with enableLmq: show messages in the queues of their property INNER_MULTI_DISPATCH too',
    false,
  ),
  maxLmqConsumeQueueNum: integerKey('light message queues at most', 20_000, [1, 10_000_000]),
  maxHashSlotNum: integerKey('hash slots of an index file', 5_000_000, [1, 500_000_000]),
  maxIndexNum: integerKey('entries of an index file', 20_000_000, [2, 2_000_000_000]),
  maxMessageSize: integerKey('largest body, bytes', 4 * 1024 * KiB, [1, 15 * 1024 * KiB], dynamic),
  flushDiskType: choiceKey('when a send is acknowledged', ['ASYNC_FLUSH', 'SYNC_FLUSH'], 'ASYNC_FLUSH'),
  flushIntervalCommitLog: integerKey('period of flushing the log, ms', 500, [1, 600_000], dynamic),
  flushCommitLogLeastPages: integerKey('4 KiB pages worth a flush', 4, [0, 1_000_000], dynamic),
  flushCommitLogThoroughInterval: integerKey(
    'period of flushing whatever is there, ms',
    10_000,
    [1, 3_600_000],
    dynamic,
  ),
  syncFlushTimeout: integerKey('longest wait of a send for its flush, ms', 5000, [1, 600_000], dynamic),
  flushIntervalConsumeQueue: integerKey('period of flushing queues, ms', 1000, [1, 600_000], dynamic),
  flushConsumeQueueLeastPages: integerKey('4 KiB pages worth a flush', 2, [0, 1_000_000], dynamic),
  flushConsumeQueueThoroughInterval: integerKey(
    'period of flushing all queues, ms',
    60_000,
    [1, 3_600_000],
    dynamic,
  ),
  messageDelayLevel: textKey('delays of levels 1, 2, … with unit s, m, h or d', defaultDelayLevels, {
    pattern: /^\s*\d{1,9}[smhd](\s+\d{1,9}[smhd]){0,999}\s*$/,
    patternText: 'up to 1000 delays such as 30s, 5m, 2h or 1d separated by blanks',
  }),
  messageIndexEnable: flagKey('index messages by key', true, dynamic),
  enabledAppendPropCRC: flagKey('append a CRC over the whole record', false),
  maxFilterMessageSize: integerKey('bytes of queue entries scanned by one pull', 16_000, [
    20,
    16 * 1024 * KiB,
  ]),
  deleteWhen: textKey('local hours of retention, separated by ;', '04', hours),
  fileReservedTime: integerKey('age at which a log file goes, hours', 72, [1, 1_000_000], dynamic),
  cleanResourceInterval: integerKey('period of retention, ms', 10_000, [100, 3_600_000]),
  deleteFileBatchMax: integerKey('log files deleted in one cycle', 10, [1, 10_000]),
  deleteCommitLogFilesInterval: integerKey('pause between two deletions, ms', 100, [0, 60_000]),
  diskMaxUsedSpaceRatio: integerKey('above this expired files go at any hour, %', 75, [10, 95], dynamic),
  diskSpaceCleanForciblyRatio: integerKey('above this the oldest files go, %', 85, [30, 85], dynamic),
  diskSpaceWarningLevelRatio: integerKey('above this sends are refused, %', 90, [35, 90], dynamic),
  cleanFileForciblyEnable: flagKey('delete files before their time when the disk is full', true, dynamic),
}

const timerKeys = {
  timerWheelEnable: flagKey('take messages with a time of delivery', true),
  timerMaxDelaySec: integerKey('longest delay of a timer, s', 259_200, [1, 604_800], dynamic),
  timerPrecisionMs: integerKey('width of a slot of the timer wheel, ms', 1000, [10, 10_000]),
  timerRollWindowSlot: integerKey(
    'slots ahead at which a timer is placed anew on its way',
    172_800,
    [0, 0x7fff_ffff],
  ),
  timerCongestNumEachSlot: integerKey(
    'timers in one slot above which some are refused, twice as many: all',
    0x7fff_ffff,
    [1, 0x7fff_ffff],
  ),
  timerFlushIntervalMs: integerKey('period of making the timer durable, ms', 1000, [10, 600_000]),
  timerEnableCheckMetrics: flagKey('count waiting timers again once a day', true, dynamic),
  timerCheckMetricsWhen: textKey('local hours of that, separated by ;', '05', hours),
  timerMetricSmallThreshold: integerKey(
    'of topics with fewer waiting timers',
    1_000_000,
    [0, 0x7fff_ffff],
    dynamic,
  ),
  timerStopEnqueue: flagKey('leave timer messages in their topic', false, dynamic),
  timerStopDequeue: flagKey('deliver no timer messages', false, dynamic),
  mappedFileSizeTimerLog: integerKey('bytes of a timer log file', 100 * 1024 * KiB, [128, gib]),
  recallMessageEnable: flagKey('timer messages can be taken back', false, dynamic),
  allowRecallWhenBrokerNotWriteable: flagKey('also while brokerPermission forbids writing', true, dynamic),
}

export const brokerConfigTable = {
  ...withDynamicKeys(unusedBrokerKeys),
  ...identityKeys,
  ...networkKeys,
  ...topicKeys,
  ...serviceKeys,
  ...transactionKeys,
  ...storeKeys,
  ...timerKeys,
}

/** Every key that has an effect, with its value. Keys without effect are carried along for printing. */
export type BrokerConfig = ConfigOf<typeof identityKeys> &
  ConfigOf<typeof networkKeys> &
  ConfigOf<typeof topicKeys> &
  ConfigOf<typeof serviceKeys> &
  ConfigOf<typeof transactionKeys> &
  ConfigOf<typeof storeKeys> &
  ConfigOf<typeof timerKeys>
