/** The closed vocabulary of operating errors. Programmer errors are AssertionError and end the process. */
export const errorCodes = {
  INVALID_ARGUMENT: 'a value given by the caller is outside its range',
  INVALID_CONFIG: 'a configuration key or value is not acceptable',
  MALFORMED: 'bytes from a peer or a file do not follow their format',
  LIMIT_EXCEEDED: 'a bound in count or bytes was reached',
  CONNECT_FAILED: 'no connection to the peer could be made',
  CONNECTION_CLOSED: 'the connection closed before an answer came',
  TIMEOUT: 'no answer within the deadline',
  CLOSED: 'the object was closed before the call',
  NO_ROUTE: 'no name server knows a broker for the topic',
  BROKER_ERROR: 'the broker answered with an error code',
  NAME_SERVER_ERROR: 'the name server answered with an error code',
  UNSUPPORTED: 'the feature, codec or code is not available here',
  STORE_UNAVAILABLE: 'the store cannot take writes now',
  STORE_CORRUPT: 'stored bytes are damaged or missing',
  STORE_LOCKED: 'another process holds the store directory',
  IO_FAILED: 'the operating system refused a file or network operation',
} as const

export type ErrorCode = keyof typeof errorCodes

export interface AerobeeErrorOptions {
  /** Whether the same call may succeed later without a change by the user. Default false. */
  retryable?: boolean
  cause?: unknown
  /** Code answered by a peer (RocketMQ response code), when there is one. */
  responseCode?: number
  /** `host:port` of the peer concerned. */
  address?: string
}

/** `message` is a full sentence and tells the next step where there is one. */
export class AerobeeError extends Error {
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly responseCode: number | undefined
  readonly address: string | undefined

  constructor(code: ErrorCode, message: string, options: AerobeeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AerobeeError'
    this.code = code
    this.retryable = options.retryable ?? false
    this.responseCode = options.responseCode
    this.address = options.address
  }
}

export function isAerobeeError(value: unknown, code?: ErrorCode): value is AerobeeError {
  return value instanceof AerobeeError && (code === undefined || value.code === code)
}

/** The text of anything that was thrown. */
export function errorText(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
