import { nameServerConfigTable, startNameServer } from '@aerobee/namesrv'
import { commandLogger, printConfig, serverConfig } from '../server-command.js'
import { stopOnSignals } from '../shutdown.js'
import { machine } from '../system.js'
import { processHost } from './process-host.js'

export const namesrvExamples = `
Examples:
  aerobee namesrv                                 listen on 0.0.0.0:9876
  aerobee namesrv -c namesrv.conf                 RocketMQ's own configuration file
  aerobee namesrv --listenPort 9877 -p            print the effective configuration and exit
  AEROBEE_LISTEN_PORT=9877 aerobee namesrv        the same key from the environment
`

export interface NamesrvOptions {
  configFile?: string
  printConfigItem?: boolean
}

export async function namesrvCommand(
  options: NamesrvOptions,
  flags: Readonly<Record<string, string>>,
): Promise<void> {
  const { config, warnings } = serverConfig({
    table: nameServerConfigTable,
    configFile: options.configFile,
    flags,
    ...(options.configFile !== undefined && { preset: { configStorePath: options.configFile } }),
    pathKeys: ['kvConfigPath', 'configStorePath'],
  })
  if (options.printConfigItem) return printConfig(config)
  const logger = commandLogger()
  for (const warning of warnings) logger.warn(warning)
  const nameServer = await startNameServer({ ...machine, logger, config })
  stopOnSignals(processHost, () => nameServer.stop())
  const { host, port } = nameServer.endpoint
  process.stdout.write(`The Name Server boot success. serializeType=JSON, address ${host}:${port}\n`)
}
