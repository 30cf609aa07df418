#!/usr/bin/env node
// In a checkout that was not built yet, builds first; in an installed package the build is always there.
import { existsSync } from 'node:fs'

const main = new URL('../dist/main.js', import.meta.url)
if (!existsSync(main)) {
  const { prepare } = await import('../../../scripts/prepare.mjs')
  prepare()
}
await import(main.href)
