/**
 * RocketMQ's configuration files are fastjson's pretty form with fields in alphabetical order:
 *
 *   {⏎⇥"a":1,⏎⇥"b":{},⏎⇥"list":["x","y"]⏎}        objects over lines, empty ones and lists in one
 *   "q":{0:12,1:5⏎⇥}                               integer keys bare and in one line, the brace on the next
 */
export interface TableLayout {
  /** `number`: a map of Java integers. */
  keys: 'text' | 'number'
  /** Undefined: values are plain, with their fields sorted. */
  values?: TableLayout
}

/** `tables` names the document's fields that are maps: their entries stay in order. Undefined and null are left out. */
export function configText(document: object, tables: Readonly<Record<string, TableLayout>>): string {
  const parts: string[] = []
  writeFields(parts, document, 1, (key) => tables[key])
  return parts.join('')
}

type LayoutOf = (key: string) => TableLayout | undefined

function writeValue(parts: string[], value: unknown, depth: number, layout: TableLayout | undefined): void {
  if (Array.isArray(value)) writeList(parts, value, depth)
  else if (typeof value !== 'object' || value === null) parts.push(JSON.stringify(value ?? null))
  else if (layout?.keys === 'number') writeNumbered(parts, value, depth, layout)
  else if (layout) writeEntries(parts, Object.entries(value), depth, () => layout.values)
  else writeFields(parts, value, depth, () => undefined)
}

function writeFields(parts: string[], value: object, depth: number, layoutOf: LayoutOf): void {
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  writeEntries(parts, entries, depth, layoutOf)
}

function writeEntries(parts: string[], all: [string, unknown][], depth: number, layoutOf: LayoutOf): void {
  const entries = all.filter(([, value]) => value !== undefined && value !== null)
  parts.push('{')
  entries.forEach(([key, value], i) => {
    parts.push(i > 0 ? ',\n' : '\n', '\t'.repeat(depth), JSON.stringify(key), ':')
    writeValue(parts, value, depth + 1, layoutOf(key))
  })
  parts.push(entries.length > 0 ? `\n${'\t'.repeat(depth - 1)}}` : '}')
}

function writeNumbered(parts: string[], value: object, depth: number, layout: TableLayout): void {
  const entries = Object.entries(value)
  parts.push('{')
  entries.forEach(([key, entry], i) => {
    parts.push(i > 0 ? ',' : '', key, ':')
    writeValue(parts, entry, depth + 1, layout.values)
  })
  parts.push(entries.length > 0 ? `\n${'\t'.repeat(depth - 1)}}` : '}')
}

function writeList(parts: string[], values: readonly unknown[], depth: number): void {
  parts.push('[')
  values.forEach((value, i) => {
    if (i > 0) parts.push(',')
    writeValue(parts, value, depth + 1, undefined)
  })
  parts.push(']')
}
