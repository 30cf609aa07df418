import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Producer, PushConsumer } from '@aerobee/client'
import { type Embedded, startEmbedded } from '../embedded.js'
import { machine } from '../system.js'
import { processHost } from './process-host.js'

const messageCount = 10_000
const topic = 'demo'

/** Starts everything on free ports, sends and receives 10,000 messages with our client, prints what happened. */
export async function demoCommand(): Promise<void> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'aerobee-demo-'))
  const say = (line: string) => process.stdout.write(`${line}\n`)
  const forget = () => rmSync(dataDirectory, { recursive: true, force: true })
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    processHost.on(signal, () => {
      forget()
      processHost.exit(130)
    })
  let embedded: Embedded | undefined
  try {
    embedded = await startEmbedded({ dataDirectory })
    say(`name server ${embedded.namesrvAddr}, broker ${embedded.brokerAddr}, data in ${dataDirectory}`)
    await sendAll(embedded, say)
    await receiveAll(embedded, say)
    say('done')
  } finally {
    await embedded?.stop()
    forget()
  }
}

async function sendAll(embedded: Embedded, say: (line: string) => void): Promise<void> {
  const startedAt = machine.clock.monoMs()
  await using producer = await new Producer({
    namesrvAddr: embedded.namesrvAddr,
    producerGroup: 'demo',
  }).start()
  let next = 0
  const sender = async () => {
    while (next < messageCount) {
      const number = next++
      await producer.send({
        topic,
        body: `message ${number}`,
        tags: number % 2 ? 'odd' : 'even',
        keys: [`k${number}`],
      })
    }
  }
  await Promise.all(Array.from({ length: 64 }, sender))
  say(`sent ${messageCount} messages, each acknowledged, in ${elapsed(startedAt)}`)
}

async function receiveAll(embedded: Embedded, say: (line: string) => void): Promise<void> {
  const startedAt = machine.clock.monoMs()
  const seen = new Set<string>()
  let finish = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  await using consumer = new PushConsumer({
    namesrvAddr: embedded.namesrvAddr,
    consumerGroup: 'demo',
    from: 'earliest',
  })
  consumer.subscribe(topic, 'even || odd')
  await consumer.run(async (message) => {
    seen.add(message.text())
    if (seen.size === messageCount) finish()
  })
  await finished
  say(`received ${seen.size} different messages by two tags in ${elapsed(startedAt)}`)
}

const elapsed = (startedAt: number) => `${Math.round(machine.clock.monoMs() - startedAt)} ms`
