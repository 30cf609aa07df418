import { clientSuites } from './clients.mjs'

/** All suites, in the order in which they run. */
export const suites = [...clientSuites]
