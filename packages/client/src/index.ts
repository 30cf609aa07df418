export { type AerobeeError, isAerobeeError } from '@aerobee/base'
export { type OutgoingMessage, ReceivedMessage } from './messages.js'
export type { ClientOptions, ClientSurroundings } from './options.js'
export {
  Producer,
  type ProducerOptions,
  type SendOptions,
  type SendResult,
  type SendStatus,
} from './producer/producer.js'
export { type Listener, PushConsumer, type PushConsumerOptions } from './push-consumer/push-consumer.js'
export type { ConsumeFrom } from './push-consumer/start-offset.js'
export type { MessageQueue } from './route.js'
