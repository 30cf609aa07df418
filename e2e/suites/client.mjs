// Our client against our broker and against Apache's: one list of cases, in e2e/conformance.
import { access, authentication, credentials } from '../conformance/access.mjs'
import { cases } from '../conformance/cases.mjs'
import { Scene } from '../conformance/scene.mjs'
import { tls, options as tlsOptions } from '../conformance/tls.mjs'
import { importClient, MissingTool } from '../lib/tools.mjs'

/** @typedef {import('../lib/suite.mjs').Context} Context */
/** @typedef {import('../lib/suite.mjs').Need} Need */
/** @typedef {import('../lib/servers.mjs').Kind} Kind */
/** @typedef {import('../conformance/cases.mjs').Case} Case */

/** Cases under way at once: most of them wait most of the time. */
const atOnce = 4

/** Features that brokers have only when asked for, and short times. */
const config = {
  enablePropertyFilter: true,
  traceTopicEnable: true,
  recallMessageEnable: true,
  enableLmq: true,
  enableMultiDispatch: true,
  messageDelayLevel: '1s 2s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s',
  mappedFileSizeTimerLog: 10_485_760,
  transactionTimeOut: 4000,
  transactionCheckInterval: 1000,
}

/** Letters of a case's name that make the name of a topic. @param {string} name */
const topicOf = (name) =>
  name
    .replaceAll(/[^a-zA-Z]+/g, '-')
    .replace(/-$/, '')
    .slice(0, 50)

/**
 * @param {Context} context
 * @param {import('../conformance/scene.mjs').Surroundings} surroundings
 * @param {Case} one
 */
async function runCase(context, surroundings, one) {
  await context.case(one.name, async () => {
    const scene = new Scene(surroundings, topicOf(one.name))
    try {
      await one.run(scene)
    } catch (error) {
      const log = scene.log.slice(-15).join('\n')
      if (error instanceof Error && log) error.stack = `${error.stack}\n--- the client's log\n${log}`
      throw error
    } finally {
      await scene.end()
    }
  })
}

/** mqadmin in a driver, when there is Java. @param {Context} context @param {string} namesrv */
async function openMqadmin(context, namesrv) {
  const driver = await context.startDriver('java-5.3.3').catch((error) => {
    if (error instanceof MissingTool) return undefined
    throw error
  })
  if (!driver) return undefined
  return async (/** @type {string} */ args) => {
    const { printed } = await driver.run('mqadmin', { args: `${args} -n ${namesrv}` })
    const lines = printed.split('\n').filter((/** @type {string} */ line) => !line.includes(' |-'))
    return lines.join('\n')
  }
}

/**
 * @param {Context} context
 * @param {Kind} kind
 * @param {Case[]} chosen
 * @param {{ signed?: boolean, encrypted?: boolean }} [options] `signed`: the broker asks for it; `encrypted`: TLS
 */
async function runCases(context, kind, chosen, { signed = false, encrypted = false } = {}) {
  const client = await importClient()
  context.servers.tls = encrypted
  const cluster = await context.servers.startCluster(kind, {
    store: context.folder('store'),
    config: { ...config, ...(signed && authentication) },
  })
  const { namesrv, broker } = cluster
  const wanted = chosen.filter(({ name }) => context.wanted(name))
  const mqadmin = wanted.some((one) => one.mqadmin) ? await openMqadmin(context, namesrv) : undefined
  const surroundings = {
    client,
    namesrv,
    broker,
    kind,
    dir: context.folder('client'),
    mqadmin,
    ...(signed && { credentials }),
    ...(encrypted && { more: tlsOptions }),
  }
  const waiting = wanted.filter((one) => {
    const missing = one.mqadmin && !mqadmin
    if (missing) context.report.skip(`${context.suite.name} - ${one.name}`, 'there is no Java')
    return !missing
  })
  const worker = async () => {
    for (let one = waiting.shift(); one; one = waiting.shift()) await runCase(context, surroundings, one)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  await cluster.stop()
}

const smoke = cases.filter((one) => one.smoke)

/** @type {import('../lib/suite.mjs').Suite[]} */
export const conformanceSuites = [
  {
    name: 'client',
    proves: 'our client does all it can do, with our broker',
    needs: [],
    run: (context) => runCases(context, context.target, cases),
  },
  {
    name: 'client-apache',
    proves: 'our client does all it can do, with the Apache broker 5.3.3',
    needs: ['java-5.3.3'],
    run: (context) => runCases(context, 'apache', cases),
  },
  {
    name: 'client-access',
    proves: 'our client signs its calls, for an Apache broker 5.3.3 that asks for it',
    needs: ['java-5.3.3'],
    run: (context) => runCases(context, 'apache', [...access, ...smoke], { signed: true }),
  },
  {
    name: 'client-tls',
    proves: 'our client speaks TLS, and uses the VIP channel, with the Apache broker 5.3.3',
    needs: ['java-5.3.3'],
    run: (context) => runCases(context, 'apache', [...tls, ...smoke], { encrypted: true }),
  },
  {
    name: 'client-4.9.7',
    proves: 'our client sends, consumes, retries and pulls with the Apache broker 4.9.7',
    needs: ['servers-4.9.7'],
    run: (context) => runCases(context, 'apache-4.9.7', smoke),
  },
]
