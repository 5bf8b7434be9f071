/**
 * Ignores accents and case, as the default collation of MySQL 8 does. The locale is fixed: Danish
 * collation, for example, tells å from a.
 */
const collator = new Intl.Collator('en', { sensitivity: 'base' })

/** Letters of the alphabets with variants that NFKD keeps, and digits. In collation order. */
const BASES = [
  ...'0123456789abcdefghijklmnopqrstuvwxyz', 'ae', 'oe',
  ...'αβγδεζηθικλμνξοπρστυφχψω',
  ...'абвгдежзийклмнопрстуфхцчшщъыьэюяєіѣґ',
  ...'אבגדהוזחטיכלמנסעפצקרשת',
  ...'アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヰヱヲン'
].sort(collator.compare)

/** Letters that the collation keeps apart, and that PostgreSQL's unaccent() replaces. */
const UNACCENTED: Record<string, string> = { ŧ: 't', þ: 'th', ŋ: 'n', ĸ: 'q' }

const IGNORED = /^[\p{M}\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}]$/u

/**
 * Folds spellings of a user name that a database may compare as equal: case, Unicode form, accents,
 * invisible characters, digits of other scripts and kana. Takes linear time. Different names may
 * fold to one, so use the result only to limit strangers.
 */
export function foldUsername (username: string): string {
  // A lone surrogate reaches the database as U+FFFD.
  const text = username.replace(/\p{Surrogate}/gu, '\ufffd').normalize('NFKD')
    .toLowerCase().toUpperCase().toLowerCase().normalize('NFKD')
  const folded = new Map<string, string>()
  let result = ''
  for (const character of text) {
    const known = folded.get(character) ?? foldCharacter(character)
    folded.set(character, known)
    result += known
  }
  return result.trim()
}

function foldCharacter (character: string): string {
  if (/[ -~]/.test(character)) return character
  // A combining letter, such as U+0363, counts as the letter. So this goes before the marks.
  const base = baseOf(character)
  if (base !== undefined) return base
  return IGNORED.test(character) ? '' : UNACCENTED[character] ?? character
}

/** Finds the letter or digit that the collation holds equal, by a binary search. */
function baseOf (character: string): string | undefined {
  let [start, end] = [0, BASES.length]
  while (start < end) {
    const middle = (start + end) >> 1
    const order = collator.compare(character, BASES[middle] as string)
    if (order === 0) return BASES[middle]
    if (order < 0) end = middle
    else start = middle + 1
  }
  return undefined
}
