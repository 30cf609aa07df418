// What @aerobee/client must do with every broker: the same cases for ours and for Apache's.
import { admin } from './admin.mjs'
import { deliveries } from './deliveries.mjs'
import { litePull } from './lite-pull.mjs'
import { push } from './push.mjs'
import { sends } from './sends.mjs'

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {(scene: import('./scene.mjs').Scene) => Promise<void>} run
 * @property {boolean} [smoke] among the few that older brokers are tried with
 * @property {boolean} [mqadmin] needs Java's mqadmin
 */

/** @type {Case[]} */
export const cases = [...sends, ...deliveries, ...push, ...litePull, ...admin]
