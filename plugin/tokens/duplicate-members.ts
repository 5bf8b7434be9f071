/**
 * Returns whether an object of a JSON text repeats a member. `value` is the parsed text. Some
 * readers take the first of the two and some the last, so they would see different tokens. RFC 7519
 * section 4 allows to reject such a token.
 */
export function hasDuplicateMembers (text: Buffer, value: unknown): boolean {
  // Parsing drops a repeated member with its quotes, so the counts differ. They also differ for
  // escaped quotes, so only then the slow search runs.
  return quotesIn(text) !== quotesOf(value) && repeatsName(text.toString())
}

const QUOTE = 0x22

function quotesIn (text: Buffer): number {
  let count = 0
  for (let index = 0; index < text.length; index++) if (text[index] === QUOTE) count++
  return count
}

/** Counts the quotes of a value as JSON, without those inside its strings. */
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

/** Matches each string of a JSON text, with the colon after a name, and each curly bracket. */
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
