/**
 * `npm run release`: writes the packages as they are published into `release/<package>`, ready for `npm publish`.
 *
 * Each package becomes one module (a package of 200 small files takes 200 ms to import, one file 40 ms) with its type
 * declarations beside; packages import one another as they do here, so that a class is the same class for all.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { prepare, root } from './prepare.mjs'

/** Where the packages go. */
export const releaseFolder = join(root, 'release')

/** Only tests need it. */
const unpublished = new Set(['testkit'])

/** Writes all packages. @returns {Promise<string[]>} their folders, those first that import none of the others */
export async function release() {
  rmSync(releaseFolder, { recursive: true, force: true })
  const names = readdirSync(join(root, 'packages')).filter((name) => !unpublished.has(name))
  const folders = []
  for (const name of names) folders.push(await releasePackage(name))
  return folders
}

/** @param {string} name of the folder under packages/ */
async function releasePackage(name) {
  const from = join(root, 'packages', name)
  const to = join(releaseFolder, name)
  const manifest = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'))
  mkdirSync(join(to, 'dist'), { recursive: true })
  await bundle(from, to, Object.keys(manifest.dependencies ?? {}))
  copyDeclarations(join(from, 'dist'), join(to, 'dist'))
  if (manifest.bin) cpSync(join(from, 'bin'), join(to, 'bin'), { recursive: true })
  for (const text of ['LICENSE', 'NOTICE']) cpSync(join(root, text), join(to, text))
  const readme = existsSync(join(from, 'README.md')) ? from : root
  cpSync(join(readme, 'README.md'), join(to, 'README.md'))
  manifest.files = ['bin', 'dist']
  writeFileSync(join(to, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  return to
}

/** @param {string} from @param {string} to @param {string[]} dependencies stay imports */
async function bundle(from, to, dependencies) {
  const entries = ['index', 'main'].filter((entry) => existsSync(join(from, 'dist', `${entry}.js`)))
  const bundled = await rolldown({
    input: Object.fromEntries(entries.map((entry) => [entry, join(from, 'dist', `${entry}.js`)])),
    platform: 'node',
    external: (id) => id.startsWith('node:') || dependencies.some((name) => id === name),
  })
  await bundled.write({ dir: join(to, 'dist'), format: 'esm', chunkFileNames: '[name].js', comments: false })
  await bundled.close()
}

/** Without those of tests, and without maps to sources that are not there. @param {string} from @param {string} to */
function copyDeclarations(from, to) {
  for (const name of /** @type {string[]} */ (readdirSync(from, { recursive: true }))) {
    if (!name.endsWith('.d.ts') || name.endsWith('.test.d.ts')) continue
    mkdirSync(dirname(join(to, name)), { recursive: true })
    const text = readFileSync(join(from, name), 'utf8')
    writeFileSync(join(to, name), text.replace(/^\/\/# sourceMappingURL=.*\n?/gm, ''))
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  prepare()
  for (const folder of await release()) console.log(folder)
}
