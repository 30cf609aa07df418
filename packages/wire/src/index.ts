export * from './command.js'
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
export { type ResponseCodeName, responseCodeName, responseCodes } from './response-codes.js'
export { versionName, versionNames, versions } from './versions.js'
