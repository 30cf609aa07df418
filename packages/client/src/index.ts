export { type AerobeeError, isAerobeeError } from '@aerobee/base'
export type { TlsOptions } from '@aerobee/net'
export { Client, connect } from './client.js'
export type { BackgroundWork, ClientEvents, ConsumerEvents, Observable } from './events.js'
export type {
  CheckForbiddenHook,
  ConsumeContext,
  ConsumeMessageHook,
  ConsumeReturnType,
  EndTransactionContext,
  EndTransactionHook,
  FilterMessageHook,
  SendContext,
  SendMessageHook,
} from './hooks.js'
export { LitePullConsumer } from './lite-pull-consumer/lite-pull-consumer.js'
export type { LitePullConsumerOptions } from './lite-pull-consumer/options.js'
export type { PollOptions } from './lite-pull-consumer/reader.js'
export type { QueueChangeListener } from './lite-pull-consumer/topic-watch.js'
export type { ClientMetrics, CounterLike, GaugeLike, HistogramLike } from './metrics.js'
export type { CallOptions, ClientOptions, ClientSurroundings, StartOptions } from './options.js'
export type { OutgoingMessage } from './outgoing-message.js'
export type {
  ProducerOptions,
  QueueSelector,
  SendOptions,
  SendResult,
  SendStatus,
} from './producer/options.js'
export { Producer, type RequestOptions } from './producer/producer.js'
export {
  type LocalTransactionState,
  type TransactionListener,
  TransactionProducer,
  type TransactionProducerOptions,
  type TransactionSendOptions,
  type TransactionSendResult,
} from './producer/transaction-producer.js'
export type {
  BatchListener,
  ConsumeConcurrentlyContext,
  ConsumeConcurrentlyStatus,
  ConsumeOrderlyContext,
  ConsumeOrderlyStatus,
  Listener,
  OrderlyBatchListener,
  OrderlyListener,
} from './push-consumer/listeners.js'
export type { ConsumeFromWhere, MessageModel, PushConsumerOptions } from './push-consumer/options.js'
export { PushConsumer } from './push-consumer/push-consumer.js'
export type { ConsumeFrom } from './push-consumer/start-offset.js'
export type { FilterExpression } from './push-consumer/subscriptions.js'
export { allocateAveragely } from './rebalance/averagely.js'
export { allocateAveragelyByCircle } from './rebalance/by-circle.js'
export { allocateByConfig } from './rebalance/by-config.js'
export {
  allocateByMachineRoom,
  allocateMachineRoomNearby,
  type MachineRoomResolver,
} from './rebalance/by-machine-room.js'
export { allocateByConsistentHash } from './rebalance/consistent-hash.js'
export type { AllocateStrategy, Allocation } from './rebalance/strategy.js'
export { ReceivedMessage } from './received-message.js'
export type { MessageQueue } from './route.js'
export type { Credentials } from './security/signature.js'
export { type SqlExpression, type SqlValue, sql } from './sql.js'
export type { StandardSchema } from './standard-schema.js'
export type { TraceOptions } from './trace/tracer.js'
