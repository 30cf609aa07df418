import assert from 'node:assert/strict'
import test from 'node:test'
import { buildSubscription } from '@aerobee/filter'
import { commands } from '@aerobee/wire'
import { ClientInstance } from '../client-instance.js'
import { RoleEvents } from '../events.js'
import { FakeCluster } from '../fake-cluster.test.js'
import { ConsumerStatistics } from '../statistics.js'
import type { PullRequest } from './message-request.js'
import { pushConsumerSettings } from './options.js'
import { ProcessQueue } from './process-queue.js'
import { PullProcedure } from './pull-procedure.js'
import { PullService } from './pull-service.js'

const flags = { commit: 1, suspend: 2, subscription: 4, classFilter: 8, litePull: 16 }

/** sysFlag and expression of one pull. */
async function pulled(classFilterMode: boolean, postSubscriptionWhenPull: boolean) {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  const options = cluster.options()
  const instance = cluster.use(new ClientInstance(options))
  await cluster.clock.resolve(instance.start())
  await cluster.clock.resolve(instance.routes.refresh('T'))
  const built = buildSubscription('T', 'a')
  assert.ok(built.ok)
  const subscription = { ...built.value, classFilterMode }
  const queue = { topic: 'T', brokerName: 'broker-a', queueId: 0 }
  const slot = { queue, offset: 5, saved: -1, frozen: false }
  const procedure = new PullProcedure(
    {
      instance,
      group: 'g',
      settings: pushConsumerSettings({ ...options, consumerGroup: 'g', postSubscriptionWhenPull }),
      orderly: false,
      statistics: new ConsumerStatistics(cluster.clock),
      filterHooks: [],
      events: new RoleEvents(instance.logger),
      state: () => 'running',
      subscription: () => subscription,
      startOffset: async () => 0,
      consume: () => {},
      onOffsetIllegal: () => {},
    },
    () => service,
  )
  const service = new PullService(cluster.clock, instance.logger, {
    pull: (request) => procedure.run(request),
  })
  const request: PullRequest = {
    mode: 'PULL',
    group: 'g',
    queue,
    processQueue: new ProcessQueue(queue, slot, 0),
    stop: new AbortController(),
    nextOffset: 0,
    previouslyLocked: false,
    brokerId: 0,
  }
  service.submit(request)
  await cluster.pass(100)
  request.stop.abort()
  service.stop()
  const { sysFlag, subscription: sent } = cluster.broker.seen(commands.pullMessage)[0]!.fields
  await cluster.close()
  return { sysFlag, sent }
}

test('the expression goes with a pull when it is wanted, and never in class filter mode', async () => {
  const always = flags.commit | flags.suspend
  assert.deepEqual(await pulled(false, false), { sysFlag: always, sent: undefined })
  assert.deepEqual(await pulled(false, true), { sysFlag: always | flags.subscription, sent: 'a' })
  for (const post of [false, true])
    assert.deepEqual(await pulled(true, post), { sysFlag: always | flags.classFilter, sent: undefined })
})
