import type { ProcessHost } from '../shutdown.js'

export const processHost: ProcessHost = {
  on: (event, run) => process.on(event, run),
  exit: (code) => process.exit(code),
  writeError: (text) => {
    process.stderr.write(text)
  },
}
