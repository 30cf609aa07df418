export {
  type DeadLetter,
  type DeadLetterOptions,
  deadLetterJson,
  deadLetters,
  type ResendOptions,
  resendDeadLetters,
} from './dead-letters.js'
export { type Embedded, type EmbeddedOptions, startEmbedded } from './embedded.js'
