// `npm start`: name server and broker in one process, on ./data unless told otherwise.
import { prepare } from './prepare.mjs'

prepare()
performance.mark('aerobee:built')
process.argv.splice(2, 0, 'dev')
await import('../packages/aerobee/dist/main.js')
