/**
 * What each scenario should reach. `value` is Aerobee's, `other` Apache's (undefined when it was not measured).
 *
 * @typedef {object} Target
 * @property {string} scenario
 * @property {string} text
 * @property {(ours: any, other: any) => number | null} measured the figure, null when it cannot be told
 * @property {number} bound
 * @property {'atMost' | 'atLeast'} sense
 */

/** @param {any} ours @param {any} other how many times more messages a second of broker CPU */
const cpuRatio = (ours, other) =>
  other === undefined ? null : other.brokerCpuUsPerMessage / ours.brokerCpuUsPerMessage

/** @param {any} ours @param {any} other */
const p99Ratio = (ours, other) => (other === undefined ? null : ours.p99Us / other.p99Us)

/** @param {string} scenario @param {number} times @param {number} micros @returns {Target[]} */
function cpuTargets(scenario, times, micros) {
  return [
    {
      scenario,
      text: 'CPU µs per message',
      measured: (ours) => ours.brokerCpuUsPerMessage,
      bound: micros,
      sense: 'atMost',
    },
    {
      scenario,
      text: 'messages per CPU second, × Apache',
      measured: cpuRatio,
      bound: times,
      sense: 'atLeast',
    },
  ]
}

/** @param {string} scenario @returns {Target[]} */
function latenessTargets(scenario) {
  return [
    {
      scenario,
      text: 'p99 ms late',
      measured: (ours) => ours.p99Us / 1000,
      bound: 50,
      sense: 'atMost',
    },
    {
      scenario,
      text: 'most ms late',
      measured: (ours) => ours.maxUs / 1000,
      bound: 50,
      sense: 'atMost',
    },
    {
      scenario,
      text: 'p99 ms late at the consumer',
      measured: (ours) => ours.arrivals.p99Us / 1000,
      bound: 50,
      sense: 'atMost',
    },
  ]
}

/** @type {Target[]} */
export const targets = [
  {
    scenario: 'start',
    text: 'start to ready, median ms',
    measured: (ours) => ours.startMedianMs,
    bound: 500,
    sense: 'atMost',
  },
  {
    scenario: 'start',
    text: 'resident MiB after start',
    measured: (ours) => ours.rssMiB,
    bound: 150,
    sense: 'atMost',
  },
  ...cpuTargets('send-64', 3, 9),
  { scenario: 'send-64', text: 'p99, × Apache', measured: p99Ratio, bound: 0.5, sense: 'atMost' },
  ...cpuTargets('send-512', 3, 7),
  { scenario: 'send-512', text: 'p99, × Apache', measured: p99Ratio, bound: 0.5, sense: 'atMost' },
  { scenario: 'send-1', text: 'p50 µs', measured: (ours) => ours.p50Us, bound: 80, sense: 'atMost' },
  {
    scenario: 'send-1',
    text: 'rate, × Apache',
    measured: (ours, other) => (other === undefined ? null : ours.perSecond / other.perSecond),
    bound: 2,
    sense: 'atLeast',
  },
  { scenario: 'send-1', text: 'p99, × Apache', measured: p99Ratio, bound: 0.5, sense: 'atMost' },
  {
    scenario: 'batch-16',
    text: 'messages per CPU second, × Apache',
    measured: cpuRatio,
    bound: 1.5,
    sense: 'atLeast',
  },
  {
    scenario: 'delay-level',
    text: 'messages per CPU second, × Apache',
    measured: cpuRatio,
    bound: 1.5,
    sense: 'atLeast',
  },
  {
    scenario: 'timer',
    text: 'messages per CPU second, × Apache',
    measured: cpuRatio,
    bound: 1.5,
    sense: 'atLeast',
  },
  ...['timers-due', 'timers-at-once', 'timers-cold'].flatMap(latenessTargets),
  ...cpuTargets('drain-recent', 1.7, 1.2),
  ...cpuTargets('drain', 1.7, 1.2),
  ...cpuTargets('drain-sql', 1.5, 2.5),
  {
    scenario: 'end-to-end',
    text: 'p50 ms',
    measured: (ours) => ours.p50Us / 1000,
    bound: 0.3,
    sense: 'atMost',
  },
  { scenario: 'memory', text: 'resident MiB', measured: (ours) => ours.rssMiB, bound: 300, sense: 'atMost' },
  {
    scenario: 'timers-pending',
    text: 'resident MiB',
    measured: (ours) => ours.rssMiB,
    bound: 300,
    sense: 'atMost',
  },
  {
    scenario: 'timers-pending',
    text: 'MiB more by the second half million',
    measured: (ours) => ours.rssMiB - ours.grown[2].rssMiB,
    bound: 10,
    sense: 'atMost',
  },
  ...['afterStop', 'afterKill'].flatMap((end) => [
    {
      scenario: 'timers-pending',
      text: `ms to start again, ${end === 'afterStop' ? 'after a stop' : 'after a kill'}`,
      measured: (/** @type {any} */ ours) => ours[end].readyMs,
      bound: 2000,
      sense: /** @type {'atMost'} */ ('atMost'),
    },
    {
      scenario: 'timers-pending',
      text: 'resident MiB then',
      measured: (/** @type {any} */ ours) => ours[end].rssMiB,
      bound: 150,
      sense: /** @type {'atMost'} */ ('atMost'),
    },
  ]),
  {
    scenario: 'idle-10k',
    text: 'resident MiB',
    measured: (ours) => ours.rssMiB,
    bound: 400,
    sense: 'atMost',
  },
  {
    scenario: 'idle-10k',
    text: 'send p99 ms',
    measured: (ours) => ours.p99Us / 1000,
    bound: 50,
    sense: 'atMost',
  },
]
