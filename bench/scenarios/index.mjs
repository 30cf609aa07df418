import { drain, drainRecent } from './drain.mjs'
import { endToEnd } from './end-to-end.mjs'
import { drainSql } from './filtered.mjs'
import { idle } from './idle.mjs'
import { memory } from './memory.mjs'
import { batch16, send1, send64, send512 } from './sends.mjs'
import { start } from './start.mjs'
import { timersAtOnce, timersCold, timersDue, timersPending } from './timers.mjs'
import { transactions } from './transactions.mjs'
import { delayLevel, timer } from './waiting.mjs'

/**
 * @typedef {object} Context
 * @property {import('../peers/index.mjs').Peer} peer
 * @property {import('../peers/index.mjs').RunningBroker} broker
 * @property {number} warmupMs load before the measured time
 * @property {number} measureMs
 * @property {number} round so that a topic's name is new in each
 */

/**
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string} title
 * @property {boolean} [freshBroker] needs a broker nobody used
 * @property {boolean} [ownBrokers] starts its brokers itself
 * @property {(context: any) => Promise<Record<string, any>>} run
 */

/** In the order they run. @type {Scenario[]} */
export const scenarios = [
  start,
  send64,
  send512,
  send1,
  batch16,
  delayLevel,
  transactions,
  timer,
  timersDue,
  timersAtOnce,
  timersCold,
  drainRecent,
  drain,
  drainSql,
  endToEnd,
  memory,
  timersPending,
  idle,
]
