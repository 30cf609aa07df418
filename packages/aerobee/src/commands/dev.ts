import { resolve } from 'node:path'
import { loadConfig } from '@aerobee/base'
import { brokerConfigTable } from '@aerobee/broker'
import { environmentSource } from '../config-sources.js'
import { type Embedded, startEmbedded } from '../embedded.js'
import { commandLogger, ownVariables, port } from '../server-command.js'
import { stopOnSignals } from '../shutdown.js'
import { machine } from '../system.js'
import { processHost } from './process-host.js'

export const devExamples = `
Examples:
  aerobee dev                                     name server on 9876, broker on 10911, data in ./data
  aerobee dev --data /tmp/mq --namesrv-port 0 --broker-port 0 --json
  aerobee dev --host 0.0.0.0                      reachable from other machines and containers
  aerobee dev --flushDiskType SYNC_FLUSH          any RocketMQ broker key
`

export interface DevOptions {
  data: string
  namesrvPort: string
  brokerPort: string
  host: string
  json?: boolean
}

/** Prints one object `{"event":"ready",…}` first with --json, else the addresses and a snippet to paste. */
export async function devCommand(
  options: DevOptions,
  flags: Readonly<Record<string, string>>,
): Promise<void> {
  const namesrvPort = port('--namesrv-port', options.namesrvPort)
  const brokerPort = port('--broker-port', options.brokerPort)
  const dataDirectory = resolve(options.data)
  const environment = environmentSource(brokerConfigTable, process.env, ownVariables)
  // So that one which is not acceptable is named as the environment's.
  loadConfig(brokerConfigTable, [environment])
  const embedded = await startEmbedded({
    dataDirectory,
    host: options.host,
    namesrvPort,
    brokerPort,
    brokerConfig: { ...environment.values, ...flags },
    logger: commandLogger(),
  })
  stopOnSignals(processHost, () => embedded.stop())
  const startupMs = Math.round(machine.clock.monoMs() - startedAtMs())
  process.stdout.write(
    options.json ? readyLine(embedded, startupMs) : welcome(embedded, dataDirectory, startupMs),
  )
}

/** From the start of the process; `npm start` marks where building ended. */
const startedAtMs = () => performance.getEntriesByName('aerobee:built')[0]?.startTime ?? 0

function readyLine(embedded: Embedded, startupMs: number): string {
  const { namesrvAddr: namesrv, brokerAddr: broker } = embedded
  return `${JSON.stringify({ event: 'ready', namesrv, broker, pid: process.pid, startupMs })}\n`
}

function welcome(embedded: Embedded, dataDirectory: string, startupMs: number): string {
  return `
Aerobee is ready after ${startupMs} ms. Ctrl-C stops it.

  name server  ${embedded.namesrvAddr}
  broker       ${embedded.brokerAddr}
  data         ${dataDirectory}

Paste this into a file in this folder, hello.mjs, and run it with node:

  import { Producer } from '@aerobee/client'
  const producer = await new Producer({ namesrvAddr: '${embedded.namesrvAddr}', producerGroup: 'hello' }).start()
  const { messageId, queueOffset } = await producer.send({ topic: 'greetings', body: 'Hello, RocketMQ' })
  console.log(\`stored \${messageId} at offset \${queueOffset}\`)
  await producer.close()

Java, Go and other RocketMQ clients: name server address ${embedded.namesrvAddr}
`
}
