export type { BodyCodec } from './bodies/body-codec.js'
export * as bodies from './bodies/index.js'
export type { JsonForm } from './bodies/shape.js'
export * from './command.js'
export type { SendMessageRequest } from './commands/all.js'
export * as commands from './commands/all.js'
export {
  allCommands,
  commandByCode,
  commandsOf,
  type Receiver,
  requestCodeName,
  requestCodes,
} from './commands/index.js'
export { faq } from './faq.js'
export * from './frame.js'
export {
  decodeFrame,
  encodeFrame,
  frameHeadUpperBound,
  frameLengthFault,
  framePrefixBytes,
  frameSizeUpperBound,
  writeFrame,
  writeFrameHead,
} from './frame-codec.js'
export { type Language, languageByte, languageBytes, languageName } from './languages.js'
export { parseLenientJson } from './lenient-json.js'
export * from './message/index.js'
export * from './names.js'
export * from './perm.js'
export { parsePropertiesText, propertiesText } from './properties-text.js'
export { decodeRecallHandle, encodeRecallHandle, type RecallHandle } from './recall-handle.js'
export { commandsPage } from './reference-page.js'
export { type ResponseCodeName, responseCodeName, responseCodes } from './response-codes.js'
export { type ConfigRefusal, RunTimeConfig } from './run-time-config.js'
export { versionName, versionNames, versions } from './versions.js'
