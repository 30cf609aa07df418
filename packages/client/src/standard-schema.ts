import { AerobeeError } from '@aerobee/base'

/** The part of Standard Schema (standardschema.dev, version 1) that is used here. */
export interface StandardSchema<T> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    validate(value: unknown): SchemaResult<T> | Promise<SchemaResult<T>>
  }
}

export type SchemaResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | {
      readonly issues: readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[]
    }

/** The value as the schema gives it. Rejects with MALFORMED and the schema's first issues. */
export async function checked<T>(schema: StandardSchema<T>, value: unknown, what: string): Promise<T> {
  const result = await schema['~standard'].validate(value)
  if (result.issues === undefined) return result.value
  const issues = result.issues.slice(0, 3).map((issue) => {
    const path = (issue.path ?? []).map(pathText).join('.')
    return path === '' ? issue.message : `${path}: ${issue.message}`
  })
  throw new AerobeeError('MALFORMED', `${what} does not follow its schema: ${issues.join('; ')}`)
}

function pathText(part: unknown): string {
  return typeof part === 'object' && part !== null && 'key' in part ? String(part.key) : String(part)
}
