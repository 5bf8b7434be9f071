/**
 * White space as Python's `str.strip()` has it: JavaScript's `\s` less the byte order mark, and the separators of ASCII and
 * Latin-1. What a user name loses there it loses here.
 */
const isSpace = (character: string): boolean =>
  (/\s/.test(character) && character !== '\ufeff') || '\x1c\x1d\x1e\x1f\x85'.includes(character)

/** A text without the white space around it. By hand, for a regular expression would take quadratic time to find the end. */
export function trim (text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isSpace(text.charAt(start))) start++
  while (end > start && isSpace(text.charAt(end - 1))) end--
  return text.slice(start, end)
}
