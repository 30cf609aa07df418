export { compileFilter } from './compile-filter.js'
export { compileSql, type SqlFilter } from './sql/sql-filter.js'
export { allTags, buildSubscription, isTagType, type Subscription } from './subscription.js'
export { matchesTag, type TagsCodeMatch, tagsCodeMatch } from './tag-match.js'
