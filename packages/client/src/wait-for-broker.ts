import { AerobeeError, abortable, errorText, sleep } from '@aerobee/base'
import { bodies, commands, isRetryTopic, responseCodes } from '@aerobee/wire'
import type { ClientInstance } from './client-instance.js'
import type { StartOptions } from './options.js'

const firstPauseMs = 100
const longestPauseMs = 1000

/**
 * Resolves when every topic has a route and a broker took a heartbeat; without topics, when any broker did. Rejects with
 * TIMEOUT, whose cause is the last failure, or with the signal's reason.
 */
export async function waitForBroker(
  instance: ClientInstance,
  topics: Iterable<string>,
  { waitForBroker: limitMs, signal }: StartOptions,
): Promise<void> {
  if (limitMs === undefined) return
  const { clock, random } = instance.surroundings
  const deadline = clock.monoMs() + limitMs
  const wanted = [...topics].filter((topic) => !isRetryTopic(topic))
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
    try {
      await abortable(wanted.length > 0 ? reachTopics(instance, wanted) : reachAny(instance), signal)
      return
    } catch (thrown) {
      signal?.throwIfAborted()
      const restMs = deadline - clock.monoMs()
      if (restMs <= 0 || instance.closed)
        throw new AerobeeError('TIMEOUT', `no broker was there within ${limitMs} ms: ${errorText(thrown)}`, {
          retryable: true,
          cause: thrown,
        })
      await sleep(clock, Math.min(restMs, pauseMs * (0.75 + random.below(50) / 100)), signal)
    }
  }
}

async function reachTopics(instance: ClientInstance, topics: readonly string[]): Promise<void> {
  for (const topic of topics)
    if (!(await instance.routes.refresh(topic))) throw instance.routes.noRoute(topic)
  if ((await instance.heartbeat(true)) === 0) throw noBroker('none of its brokers answers')
}

async function reachAny(instance: ClientInstance): Promise<void> {
  const answer = await instance.nameServers.call(
    commands.getBrokerClusterInfo,
    {},
    { timeoutMs: instance.callTimeoutMs },
  )
  if (answer.code !== responseCodes.SUCCESS) throw noBroker(answer.remark ?? `it answered ${answer.code}`)
  const cluster = bodies.clusterInfo.decode(answer.body)
  if (!cluster.ok) throw noBroker(cluster.reason)
  const masters = [...cluster.value.brokerAddrTable.values()].flatMap((one) => one.brokerAddrs.get(0) ?? [])
  if (masters.length === 0) throw noBroker('no master is registered')
  await instance.reach(masters)
}

const noBroker = (why: string) =>
  new AerobeeError('NO_ROUTE', `no broker is there: ${why}`, { retryable: true })
