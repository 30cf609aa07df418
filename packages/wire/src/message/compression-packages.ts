import { AerobeeError } from '@aerobee/base'
import type { CompressionType } from './system-flag.js'

/** The optional packages; none has an install script. */
export type OptionalPackage = 'lz4-napi' | '@bokuweb/zstd-wasm'

/**
 * A package's default export where it is CommonJS, else its namespace. The name is a variable on purpose: the compiler
 * must not ask for the package's types.
 */
export async function loadOptional<T>(type: CompressionType, name: OptionalPackage): Promise<T> {
  try {
    const loaded = (await import(name)) as { default?: T }
    return loaded.default ?? (loaded as T)
  } catch (thrown) {
    throw new AerobeeError(
      'UNSUPPORTED',
      `${type} bodies need the package ${name}, which is not installed: npm install ${name}`,
      { cause: thrown },
    )
  }
}
