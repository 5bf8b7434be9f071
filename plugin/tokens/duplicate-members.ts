/**
 * Whether a name stands twice in one object of a JSON text in UTF-8 that `value` was parsed from.
 * Readers take the first or the last of the two, so that they would not see the same token (RFC
 * 7519 section 4 allows to refuse it).
 */
export function hasDuplicateMembers (text: Buffer, value: unknown): boolean {
  // A member that was lost to another had quotes. Texts with quotes in them have more too, and are
  // looked through.
  return quotesIn(text) !== quotesOf(value) && repeatsName(text.toString())
}

const QUOTE = 0x22

function quotesIn (text: Buffer): number {
  let count = 0
  for (let index = 0; index < text.length; index++) if (text[index] === QUOTE) count++
  return count
}

/** The quotes that a value has as JSON, if there are none in its texts. */
function quotesOf (value: unknown): number {
  if (typeof value === 'string') return 2
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const member of value) count += quotesOf(member)
  } else {
    for (const name in value) count += 2 + quotesOf((value as Record<string, unknown>)[name])
  }
  return count
}

/**
 * Each string of a JSON text, and the colon behind it if it is a name; each bracket that opens or
 * closes.
 */
const PIECES = /("(?:[^"\\]|\\.)*")(\s*:)?|[{}]/g

function repeatsName (json: string): boolean {
  const open: Set<string>[] = []
  for (const [piece, text, colon] of json.matchAll(PIECES)) {
    if (piece === '{') open.push(new Set())
    if (piece === '}') open.pop()
    if (text === undefined || colon === undefined) continue
    const names = open.at(-1) as Set<string>
    const name = JSON.parse(text) as string
    if (names.has(name)) return true
    names.add(name)
  }
  return false
}
