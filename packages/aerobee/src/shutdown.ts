/** What a process needs from its host to end well; the real one is `process`. */
export interface ProcessHost {
  on(event: 'SIGINT' | 'SIGTERM', run: () => void): unknown
  exit(code: number): void
  writeError(text: string): void
}

/**
 * The first Ctrl-C (or SIGTERM) stops cleanly and exits 0; a second one exits at once with 130.
 * Resolves when the first signal came.
 */
export function stopOnSignals(host: ProcessHost, stop: () => Promise<void>): void {
  let stopping = false
  const onSignal = () => {
    if (stopping) {
      host.writeError('forced to stop\n')
      host.exit(130)
      return
    }
    stopping = true
    host.writeError('stopping; press Ctrl-C again to force\n')
    stop().then(
      () => host.exit(0),
      (thrown: unknown) => {
        host.writeError(`stopping failed: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`)
        host.exit(1)
      },
    )
  }
  host.on('SIGINT', onSignal)
  host.on('SIGTERM', onSignal)
}
