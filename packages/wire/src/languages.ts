/** Languages a peer may say it is written in: the name stands in JSON headers, the byte in binary ones. */
export const languageBytes = {
  JAVA: 0,
  CPP: 1,
  DOTNET: 2,
  PYTHON: 3,
  DELPHI: 4,
  ERLANG: 5,
  RUBY: 6,
  OTHER: 7,
  HTTP: 8,
  GO: 9,
  PHP: 10,
  OMS: 11,
  RUST: 12,
  NODE_JS: 13,
} as const

export type Language = keyof typeof languageBytes

/** null for a byte no language has. */
export function languageName(byte: number): Language | null {
  return names[byte] ?? null
}

/** The byte of a name; undefined for a name that is not in the table. */
export function languageByte(name: string): number | undefined {
  return bytesByName.get(name)
}

/** A header's language: the name when it is known, the name of a byte, else null. */
export function knownLanguage(value: unknown): string | null {
  if (typeof value === 'string') return languageByte(value) === undefined ? null : value
  return typeof value === 'number' ? languageName(value) : null
}

const names = Object.keys(languageBytes) as Language[]
const bytesByName = new Map<string, number>(Object.entries(languageBytes))
