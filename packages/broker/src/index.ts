export { type Broker, startBroker } from './broker.js'
export { type BrokerConfig, brokerConfigTable } from './config-keys.js'
export type { BrokerOptions } from './parts.js'
