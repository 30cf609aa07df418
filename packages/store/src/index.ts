export { ConfigFile, type ConfigFileName, type ConfigFilePlace } from './config-files.js'
export * from './contracts.js'
export { machineProbe, type ProcessProbe } from './process-probe.js'
