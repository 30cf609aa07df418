import { bad, type Result } from '@aerobee/base'
import { compileSql, type SqlFilter } from './sql/sql-filter.js'

/** Compiles an expression that is no list of tags. Reasons are upstream's texts. */
export const compileFilter = (expressionType: string, expression: string): Result<SqlFilter> =>
  expressionType === 'SQL92' ? compileSql(expression) : bad(`there is no filter of type ${expressionType}`)
