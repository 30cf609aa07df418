export { type NameServerConfig, nameServerConfigTable } from './config-keys.js'
export { type NameServer, type NameServerOptions, startNameServer } from './name-server.js'
