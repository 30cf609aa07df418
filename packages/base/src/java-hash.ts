/** `String.hashCode()` of Java: 31-polynomial over UTF-16 units, as int32. Used for tags, index keys, sharding. */
export function javaHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}
