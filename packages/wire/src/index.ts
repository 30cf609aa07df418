export * from './command.js'
export * from './frame.js'
export * from './response-codes.js'
