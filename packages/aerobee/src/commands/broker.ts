import { hostname } from 'node:os'
import { brokerConfigTable, startBroker } from '@aerobee/broker'
import { commandLogger, printConfig, serverConfig } from '../server-command.js'
import { stopOnSignals } from '../shutdown.js'
import { machine } from '../system.js'
import { processHost } from './process-host.js'

export const brokerExamples = `
Examples:
  aerobee broker -n 127.0.0.1:9876                a master with its data in ~/store
  aerobee broker -n 127.0.0.1:9876 -c broker.conf RocketMQ's own configuration file
  aerobee broker -c broker.conf -p                print the effective configuration and exit
  aerobee broker -n 127.0.0.1:9876 --flushDiskType SYNC_FLUSH --storePathRootDir /var/lib/aerobee
  AEROBEE_BROKER_NAME=broker-b aerobee broker -n 127.0.0.1:9876
`

export interface BrokerOptions {
  namesrvAddr?: string
  configFile?: string
  printConfigItem?: boolean
}

export async function brokerCommand(
  options: BrokerOptions,
  flags: Readonly<Record<string, string>>,
): Promise<void> {
  const { config, warnings } = serverConfig({
    table: brokerConfigTable,
    configFile: options.configFile,
    flags: options.namesrvAddr === undefined ? flags : { ...flags, namesrvAddr: options.namesrvAddr },
    preset: {
      brokerName: hostname(),
      ...(process.env.NAMESRV_ADDR !== undefined && { namesrvAddr: process.env.NAMESRV_ADDR }),
      ...(options.configFile !== undefined && { brokerConfigPath: options.configFile }),
    },
    pathKeys: ['storePathRootDir', 'storePathCommitLog', 'brokerConfigPath'],
  })
  if (options.printConfigItem) return printConfig(config)
  const logger = commandLogger()
  for (const warning of warnings) logger.warn(warning)
  const broker = await startBroker({ ...machine, logger, config })
  stopOnSignals(processHost, () => broker.stop())
  const { host, port } = broker.endpoint
  const namesrv = config.namesrvAddr === '' ? '' : ` and name server is ${config.namesrvAddr}`
  process.stdout.write(
    `The broker[${config.brokerName}, ${host}:${port}] boot success. serializeType=JSON${namesrv}\n`,
  )
}
