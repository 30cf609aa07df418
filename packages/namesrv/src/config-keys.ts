import { type ConfigOf, flagKey, integerKey, textKey, unusedKeys } from '@aerobee/base'

/** Keys of RocketMQ 5.3.3's name server; the dynamic ones are the allow-list of reference: broker-behaviour 1.8. */
const dynamic = { dynamic: true }

const usedKeys = {
  bindAddress: textKey('address to listen on', '0.0.0.0'),
  listenPort: integerKey('port; 0: any free one', 9876, [0, 65535]),
  kvConfigPath: textKey(
    'file of the key-value configuration; ~/ is the home directory',
    '~/namesrv/kvConfig.json',
  ),
  configStorePath: textKey(
    'file that changed settings are written to; empty: they last until the restart',
    '',
  ),
  serverChannelMaxIdleTimeSeconds: integerKey('a silent connection closes after this, s', 120, [1, 86_400]),
  enableShutdownGracefully: flagKey('tell peers to go away before closing', false),
  shutdownWaitTimeSeconds: integerKey('longest go-away phase, s', 30, [0, 3600]),
  enableControllerInNamesrv: flagKey('run a controller in this process', false),
  orderMessageEnable: flagKey('answer order configurations with routes', false, dynamic),
  returnOrderTopicConfigToBroker: flagKey('tell registering brokers the order topics', true, dynamic),
  enableAllTopicList: flagKey('serve the list of all topics', true, dynamic),
  enableTopicList: flagKey('serve the other topic lists', true, dynamic),
  supportActingMaster: flagKey('present the smallest slave as master of a masterless broker', false, dynamic),
  notifyMinBrokerIdChanged: flagKey('tell brokers when the smallest id changed', false, dynamic),
  deleteTopicWithBrokerRegistration: flagKey(
    'a registration removes the topics it does not name',
    false,
    dynamic,
  ),
  needWaitForService: flagKey('refuse routes shortly after the start', false, dynamic),
  waitSecondsForService: integerKey('how long after the start, s', 45, [0, 86_400], dynamic),
  scanNotActiveBrokerInterval: integerKey('period of the lease scan, ms', 5000, [100, 3_600_000], dynamic),
  unRegisterBrokerQueueCapacity: integerKey('unregistrations waiting to be applied', 3000, [1, 1_000_000]),
}

export const nameServerConfigTable = {
  ...unusedKeys(`
clientRequestThreadPoolNums=8
clientRequestThreadPoolQueueCapacity=50000
clusterTest=false
configBlackList=configBlackList;configStorePath;kvConfigPath
defaultThreadPoolNums=16
defaultThreadPoolQueueCapacity=10000
productEnvName=center
rocketmqHome=
serverAsyncSemaphoreValue=64
serverCallbackExecutorThreads=0
serverNettyWorkerGroupEnable=true
serverOnewaySemaphoreValue=256
serverPooledByteBufAllocatorEnable=true
serverSelectorThreads=3
serverSocketBacklog=1024
serverSocketRcvBufSize=0
serverSocketSndBufSize=0
serverWorkerThreads=8
useEpollNativeSelector=false
writeBufferHighWaterMark=0
writeBufferLowWaterMark=0
`),
  ...usedKeys,
}

export type NameServerConfig = ConfigOf<typeof usedKeys>
