// Random SQL92, legal and illegal, for a comparison with RocketMQ's own parser.

/** What the expressions are tried on; values that numbers, booleans and texts are made of in every odd way. */
export const propertySets = [
  {},
  { a: '1', b: 'x', c: '3.5', d: '-7', e: 'true', g: '10', s: 'hello world', big: '9223372036854775807' },
  { a: '5', b: 'y', c: 'abc', d: '+1', e: 'FALSE', s: 'RocketMQ', big: '-9223372036854775808' },
  { a: '1.0', b: 'X', c: '-3', e: 'TRUE', s: '1' },
  { a: 'NaN', b: 'Infinity', c: '0x1p3', d: '-0.0', e: 'tRue', s: ' 5 ', big: '2147483648', g: '1e5' },
  { a: '-0', b: '0.0', c: '5d', d: '+', e: '-', s: '999999999999999999999', big: '-2147483648', g: '1.5f' },
  { a: '007', b: '-2147483649', c: '.5', d: '5.', e: '0', s: 'x', big: '9007199254740993', g: "it's" },
]

const operands = [
  ...['a', 'b', 'c', 'd', 'e', 'g', 's', 'big', 'zz', 'TRUE', 'FALSE', 'NULL', 'true'],
  ...[
    '1',
    '5',
    '0',
    '-7',
    '3.5',
    '1e5',
    '10L',
    '0.5',
    '2147483648',
    '9223372036854775807',
    '9007199254740993',
  ],
  ...["'x'", "'1'", "'true'", "''", "'hello world'"],
]
const texts = ["'x'", "'1'", "''", "'hello'", "'it''s'", "'true'"]
const tokens = [
  ...['AND', 'OR', 'NOT', 'BETWEEN', 'IN', 'IS', 'NULL', 'TRUE', 'CONTAINS', 'STARTSWITH', 'endswith'],
  ...['(', ')', ',', '=', '<>', '<', '>', '<=', '>=', '-', 'a', 'b', '1', '1.5', "'x'", '5e', 'L'],
  ...['/*c*/', '--c\n', '\n', '\t', '\r', "'", '.', '/', ';', 'é', '!', '"', '*', '--', '/*', '\u0001'],
]

/** A generator of whole numbers below a bound. @param {number} seed */
function randomOf(seed) {
  let state = seed >>> 0
  return (/** @type {number} */ bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
}

/**
 * Half follow the grammar, the rest are tokens in any order, or expressions with a piece too much or too little. Left
 * out are lists so long that upstream prints them in the order of its hash table.
 * @param {number} seed
 * @param {number} count
 */
export function randomSql(seed, count) {
  const below = randomOf(seed)
  /** @template T @param {readonly T[]} all @returns {T} */
  const pick = (all) => /** @type {T} */ (all[below(all.length)])
  /** @param {number} depth @returns {string} */
  const expression = (depth) => {
    if (depth <= 0) return pick(operands)
    const part = () => expression(depth - 1)
    const not = pick(['', 'NOT '])
    const forms = [
      () => `${part()} ${pick(['AND', 'OR'])} ${part()}`,
      () => `${part()} ${pick(['=', '<>', '<', '>', '<=', '>='])} ${part()}`,
      () => `NOT ${part()}`,
      () => `(${part()})`,
      () => `-${part()}`,
      () => `${part()} ${not}BETWEEN ${expression(depth - 2)} AND ${expression(depth - 2)}`,
      () =>
        `${pick(['a', 'b', 's', part()])} ${not}IN (${Array.from({ length: 1 + below(4) }, () => pick(texts)).join(', ')})`,
      () => `${part()} IS ${not}NULL`,
      () => `${part()} ${not}${pick(['CONTAINS', 'STARTSWITH', 'ENDSWITH'])} ${pick(texts)}`,
      () => pick(operands),
    ]
    return pick(forms)()
  }
  const damaged = () => {
    const text = expression(1 + below(3))
    const at = below(text.length + 1)
    const end = text.slice(at)
    return text.slice(0, at) + pick(['', pick(tokens) + end, end.slice(1)])
  }
  return Array.from({ length: count }, () => {
    const kind = below(10)
    if (kind < 5) return expression(1 + below(4))
    if (kind < 8) return Array.from({ length: 1 + below(9) }, () => pick(tokens)).join(pick([' ', ' ', '']))
    return damaged()
  })
}
