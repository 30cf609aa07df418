// `npm run demo`: everything on free ports, 10,000 messages there and back, exit 0.
import { prepare } from './prepare.mjs'

prepare()
performance.mark('aerobee:built')
process.argv.splice(2, 0, 'demo')
await import('../packages/aerobee/dist/main.js')
