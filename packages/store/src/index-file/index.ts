export type { GapFiller, IndexGap } from './gap-filler.js'
export { defaultIndexLayout, type IndexLayout } from './layout.js'
export { type IndexQueryOutcome, MessageIndex, type MessageIndexOptions } from './message-index.js'
export type { IndexOpenFacts } from './open-files.js'
