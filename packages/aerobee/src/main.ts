#!/usr/bin/env node
import { Command } from 'commander'
import { splitKeyFlags } from './config-sources.js'
import { refuse } from './server-command.js'

const dev = new Command('dev')
  .description('name server and broker in one process, for a laptop or a test')
  .option('--data <dir>', 'directory of everything that is kept', process.env.AEROBEE_DATA ?? './data')
  .option(
    '--namesrv-port <n>',
    'name server port, 0: any free one',
    process.env.AEROBEE_NAMESRV_PORT ?? '9876',
  )
  .option('--broker-port <n>', 'broker port, 0: any free one', process.env.AEROBEE_BROKER_PORT ?? '10911')
  .option('--host <h>', 'address to listen on', process.env.AEROBEE_HOST ?? '127.0.0.1')
  .option('--json', 'print one JSON line when ready')

const namesrv = new Command('namesrv')
  .description('a name server')
  .option('-c, --configFile <file>', 'RocketMQ configuration file')
  .option('-p, --printConfigItem', 'print the effective configuration and exit')
  .option('-n, --namesrvAddr <addr>', 'accepted for compatibility, without effect')

const broker = new Command('broker')
  .description('a broker')
  .option('-n, --namesrvAddr <addr>', 'name servers, host:port separated by ;')
  .option('-c, --configFile <file>', 'RocketMQ configuration file')
  .option('-p, --printConfigItem', 'print the effective configuration and exit')

const demo = new Command('demo').description('send and receive 10,000 messages on free ports, then stop')

const dlq = new Command('dlq').description('dead letters: what a group could not consume')

/** `aerobee dlq list|resend|export`. */
function dlqCommand(name: 'list' | 'resend' | 'export', about: string): Command {
  const command = new Command(name)
    .description(about)
    .requiredOption('--group <group>', 'consumer group')
    .option(
      '-n, --namesrvAddr <addr>',
      'name servers, host:port separated by ; (default NAMESRV_ADDR, 127.0.0.1:9876)',
    )
  if (name === 'resend')
    command
      .option('--id <id>', 'a message id or offset id; may come several times', collected)
      .option('--all', 'all of them')
  return command.action(async (options) => {
    const { dlqExport, dlqList, dlqResend } = await import('./commands/dlq.js')
    await { list: dlqList, resend: dlqResend, export: dlqExport }[name](options)
  })
}

const collected = (value: string, before: readonly string[] = []) => [...before, value]

async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('aerobee')
    .description('Apache RocketMQ in TypeScript on Node.js')
    .version('0.1.0')
    .showHelpAfterError('(aerobee --help lists the commands and options)')
  const own = [dev, namesrv, broker].find((command) => command.name() === argv[0])
  // Only servers take configuration keys as flags.
  const { known, keys } = own ? splitKeyFlags(argv, ownFlags(own)) : { known: [...argv], keys: {} }
  const { devCommand, devExamples } = await import('./commands/dev.js')
  const { namesrvCommand, namesrvExamples } = await import('./commands/namesrv.js')
  const { brokerCommand, brokerExamples } = await import('./commands/broker.js')
  program.addCommand(dev.addHelpText('after', devExamples).action((options) => devCommand(options, keys)))
  program.addCommand(
    namesrv.addHelpText('after', namesrvExamples).action((options) => namesrvCommand(options, keys)),
  )
  program.addCommand(
    broker.addHelpText('after', brokerExamples).action((options) => brokerCommand(options, keys)),
  )
  program.addCommand(demo.action(async () => (await import('./commands/demo.js')).demoCommand()))
  const { dlqExamples } = await import('./commands/dlq.js')
  dlq
    .addCommand(dlqCommand('list', 'ids, topics and failed deliveries'))
    .addCommand(dlqCommand('resend', 'send to the topic they came from, as new messages'))
    .addCommand(dlqCommand('export', 'one JSON object a line'))
  program.addCommand(dlq.addHelpText('after', dlqExamples))
  await program.parseAsync(known, { from: 'user' })
}

/** All `--name` flags that commander knows; for the program itself, everything is its own. */
function ownFlags(command: Command | undefined): ReadonlySet<string> {
  const flags = new Set(['--help', '--version'])
  for (const option of command?.options ?? []) if (option.long) flags.add(option.long)
  return flags
}

main(process.argv.slice(2)).catch(refuse)
