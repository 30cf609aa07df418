import { conformanceSuites } from './client.mjs'
import { clientSuites } from './clients.mjs'
import { delayedStoreSuite } from './delayed-store.mjs'
import { exchangeSuite } from './exchange.mjs'
import { filterSuite } from './filters.mjs'
import { groupSuites } from './groups.mjs'
import { killDelayedSuite } from './kill-delayed.mjs'
import { loadSuites } from './kills.mjs'
import { mixedSuite } from './mixed.mjs'
import { mqadminSuite } from './mqadmin.mjs'
import { queueTypesSuite } from './queue-types.mjs'
import { resetSuite } from './resets.mjs'
import { steeringSuite } from './steering.mjs'
import { storeSuite } from './store.mjs'
import { timerStoreSuite } from './timer-store.mjs'
import { transactionSuites } from './transactions.mjs'

/** All suites, in the order in which they run. */
export const suites = [
  ...clientSuites,
  ...conformanceSuites,
  exchangeSuite,
  ...groupSuites,
  ...transactionSuites,
  filterSuite,
  mqadminSuite,
  steeringSuite,
  resetSuite,
  mixedSuite,
  queueTypesSuite,
  storeSuite,
  delayedStoreSuite,
  timerStoreSuite,
  ...loadSuites,
  killDelayedSuite,
]
