// Writes the generated pages under docs/reference. Run by `npm run reference`, after the build.
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { commandsPage } from '../packages/wire/dist/reference-page.js'

const folder = fileURLToPath(new URL('../docs/reference/', import.meta.url))
const pages = { 'commands.md': commandsPage() }

mkdirSync(folder, { recursive: true })
for (const [name, text] of Object.entries(pages)) {
  writeFileSync(`${folder}${name}`, text)
  console.log(`docs/reference/${name}`)
}
