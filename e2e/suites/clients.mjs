// One suite a client: the same scenarios, run by each client's driver against one name server and broker.
import { makeTopic } from '../lib/probe.mjs'

/** @typedef {import('../lib/suite.mjs').Context} Context */
/** @typedef {import('../lib/suite.mjs').Need} Need */

/** scenario of the driver, and the case's name */
const everyScenario = {
  sendSync: 'send sync: keys, tags, UTF-8 properties, compressed bodies; read back by a push consumer',
  sendAsync: 'send async: 64 in flight',
  sendOneway: 'send one-way',
  sendBatch: 'send batch',
  query: 'query by id, key and unique key, offsets by time',
  tags: 'push consume "TagA || TagB", offsets kept for the next consumer',
  orderly: 'ordered consumer: queue locks, order, two consumers where the client gives locks up',
  pullSubscribe: 'lite pull by subscription, committed offsets',
  pullAssign: 'lite pull by assignment and seek',
  delays: 'delay levels: none early, one above the highest is the highest',
  timers: 'timers by delay and by time: none early, each once',
  recall: 'every second timer is taken back',
  retries: 'retries with growing reconsume times, then dead letters',
  orderlyRetries:
    'an ordered consumer tries a message again before the next, then puts it away as a dead letter',
  broadcast: 'broadcast: each consumer gets every message, and goes on where it was',
  trace: 'message trace of sends and of consuming',
  rebalance: 'rebalance: consumers join and leave under load without loss',
}

/**
 * @param {Need} need
 * @param {string} client
 * @param {(keyof typeof everyScenario)[]} scenarios
 */
function clientSuite(need, client, scenarios) {
  return {
    name: need,
    proves: `${client} works unchanged: ${scenarios.join(', ')}`,
    needs: [need],
    /** @param {Context} context */
    async run(context) {
      const cluster = await context.servers.startCluster(context.target, {
        store: context.folder('store'),
        // Retries wait for level 3 first.
        config: { messageDelayLevel: '1s 2s 1s 1s 1s 3s', recallMessageEnable: true, traceTopicEnable: true },
      })
      const driver = await context.startDriver(need)
      for (const scenario of scenarios) {
        const topic = `e2e-${scenario}`
        const parameters = {
          namesrv: cluster.namesrv,
          broker: cluster.broker,
          topic,
          queues: /orderly|rebalance/.test(scenario) ? 8 : 4,
        }
        await context.case(everyScenario[scenario], async () => {
          // This client sends only to topics that exist.
          if (need === 'ali-ons') await makeTopic(cluster.broker, topic, 4)
          // This one looks for its retry topic again after 20 s when its heartbeat had yet to make it.
          if (need === 'java-5.3.3' && scenario === 'retries')
            await makeTopic(cluster.broker, `%RETRY%${topic}-consumer`, 1)
          return driver.run(scenario, parameters)
        })
      }
      await driver.stop()
      await cluster.stop()
    },
  }
}

const all = /** @type {(keyof typeof everyScenario)[]} */ (Object.keys(everyScenario))

export const clientSuites = [
  clientSuite('java-5.3.3', 'the Java client 5.3.3', all),
  clientSuite(
    'java-4.9.8',
    'the Java client 4.9.8',
    all.filter((scenario) => scenario !== 'recall'),
  ),
  clientSuite(
    'go',
    'the Go remoting client v2',
    all.filter((scenario) => !['query', 'recall'].includes(scenario)),
  ),
  clientSuite('ali-ons', 'the Node client ali-ons 3.12.0', ['sendSync', 'tags']),
]
