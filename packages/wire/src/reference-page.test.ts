import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { allCommands } from './commands/index.js'
import { commandsPage } from './reference-page.js'

test('the committed reference page is what the command table says', () => {
  const committed = readFileSync(new URL('../../../docs/reference/commands.md', import.meta.url), 'utf8')
  assert.equal(committed, commandsPage(), 'run `npm run reference` and commit docs/reference/commands.md')
})

test('the page names every request and every field', () => {
  const page = commandsPage()
  for (const { code, name, request, response } of allCommands) {
    assert.ok(page.includes(`### ${code} ${name}\n`), name)
    for (const [key, field] of [...Object.entries(request), ...Object.entries(response)])
      assert.ok(page.includes(`| \`${field.wireName ?? key}\` |`), `${name} ${key}`)
  }
})
