/** Response codes of 5.3.3 that a peer can see (reference: wire 3.7). */
export const responseCodes = {
  SUCCESS: 0,
  SYSTEM_ERROR: 1,
  SYSTEM_BUSY: 2,
  REQUEST_CODE_NOT_SUPPORTED: 3,
} as const
