import fc from 'fast-check'
import t from 'tap'
import { foldUsername } from '../../plugin/limits/fold-username.ts'

/** Compares by base letters, as the default collation of MySQL 8 does. */
const collator = new Intl.Collator('en', { sensitivity: 'base' })

/** All characters that Unicode defines, except ideographs and syllables without variants. */
const CHARACTERS = Array.from({ length: 0x20000 }, (_, code) => code)
  .filter(code => !(code >= 0x3400 && code < 0xa000) && !(code >= 0xac00 && code < 0xd7a4))
  .map(code => String.fromCodePoint(code))
  .filter(character => !/[\p{Cn}\p{Co}]/u.test(character))

const SPELLINGS: [string, ...string[]][] = [
  ['vitor', 'VITOR', 'Vitor', 'viTor'],
  ['vitor', ' vitor', 'vitor\t', '\u00a0vitor\u3000', '\u200b vitor \u200b'],
  ['vitor', 'ｖｉｔｏｒ', '𝓿𝓲𝓽𝓸𝓻', 'ⓋⒾⓉⓄⓇ', '🅥🅘🅣🅞🅡'],
  ['vitor', 'vítor', 'vîtör', 'v\u0336i\u0336tor', 'v\u0365tor', 'viŧor'],
  ['vitor', 'vit\u200bor', 'vi\u0000tor', '\ufeffvitor', 'vi\u00adtor', 'vi\u{e0041}tor'],
  ['vitor', 'vi\u202etor', 'vi\u001btor', 'vi\ufe0ftor'],
  ['zoe', 'zoë', 'zoe\u0308', 'ZOË', 'ZOE\u0308'],
  ['strasse', 'straße', 'STRASSE', 'ſtraſſe', 'STRAẞE'],
  ['ﬁn', 'fin', 'FIN', 'Fin'],
  ['σίσυφος', 'ΣΊΣΥΦΟΣ', 'σίσυφοσ', 'Σίσυφος'],
  ['istanbul', 'ıstanbul', 'ISTANBUL', 'Istanbul', 'İstanbul'],
  ['angstro\u0308m Å', 'ANGSTRÖM \u212b', 'angström a\u030a', 'Angström \u00c5'],
  ['lodz', 'Łódź'],
  ['soren ae', 'Søren Æ', 'sØren ǽ'],
  ['dordic', 'Đorđić', 'ðorđic'],
  ['coeur', 'cœur'],
  ['thor', 'þor'],
  ['user 123', 'user ١٢٣', 'user １２３', 'user ①②③', 'user १२३'],
  ['かき', 'カキ', 'ｶｷ', 'ガギ'],
  ['ΐ', 'ΐ'.toUpperCase(), 'ΐ'.normalize('NFD')],
  ['ῧ', 'ῧ'.toUpperCase()],
  ['\ud800', '\udfff', '\ufffd']
]

t.test('all the ways to write a user name fold to one', async t => {
  for (const spellings of SPELLINGS) {
    t.equal(new Set(spellings.map(foldUsername)).size, 1, JSON.stringify(spellings))
  }
})

t.test('user names that a database tells apart fold to different ones', async t => {
  const names = [
    'vitor', 'vitor2', 'a b', 'ab', '', '__proto__', 'zoe', 'zoa', 'раша', 'саша', '山田', '山本',
    'tom@a.example', 'tom@b.example', 'a.b', 'a_b', 'a-b'
  ]
  t.equal(new Set(names.map(foldUsername)).size, names.length)
})

t.test('a printable ASCII name folds to its lower case', async t => {
  fc.assert(fc.property(fc.string(), name => {
    t.equal(foldUsername(name), name.toLowerCase().trim())
  }))
})

t.test('no character folds differently by its case or form, or the second time', async t => {
  const failed = CHARACTERS.filter(character => {
    const name = `x${character}y`
    const folded = foldUsername(name)
    const others = new Set([
      folded, name.toUpperCase(), name.toLowerCase(), name.normalize('NFC'), name.normalize('NFD'),
      name.normalize('NFKC'), name.normalize('NFKD')
    ])
    return [...others].some(other => foldUsername(other) !== folded)
  })
  t.strictSame(failed, [])
})

t.test('fold: is idempotent and ignores case, form and invisible characters', async () => {
  const text = fc.string({ unit: fc.oneof(fc.constantFrom(...CHARACTERS), fc.string()) })
  const invisible = fc.constantFrom(
    ...CHARACTERS.filter(character =>
      /[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}]/u.test(character) && character.trim() !== '')
  )
  fc.assert(fc.property(text, text, invisible, (before, after, character) => {
    const name = `${before}x${after}`
    const folded = foldUsername(name)
    return [folded, name.normalize('NFC'), name.normalize('NFD'), `${before}x${character}${after}`]
      .every(other => foldUsername(other) === folded)
  }), { numRuns: 1000 })
})

t.test('fold: a character counts as the letter or digit that a collation holds equal', async t => {
  // U+0345 is a letter in upper case, and a mark in lower case. U+0140 is an l and a dot.
  const known = /\u0345|^[\u013f\u0140]$/
  const bases = new Set(
    'abcdefghijklmnopqrstuvwxyz0123456789абвгдежзилмнорстуфшэюяαβγδεηιλνορσωאבכםあカヶ'
  )
  const failed: string[] = []
  let base: string | undefined
  for (const character of [...bases, ...CHARACTERS].sort(collator.compare)) {
    // Equal characters follow each other, with the base first.
    if (bases.has(character) && base !== character) base = character
    if (
      base !== undefined && collator.compare(base, character) === 0 &&
      !known.test(character.normalize('NFKD')) && !known.test(character) &&
      foldUsername(character) !== foldUsername(base)
    ) {
      failed.push(character)
    }
  }
  t.strictSame(failed, [])
})

t.test('fold: takes linear time', async t => {
  const timeOf = (length: number): number => {
    // Ligatures of 18 letters, and characters without a base.
    const name = '\ufdfa\u1000'.repeat(length / 2)
    const startedAt = process.cpuUsage()
    for (let index = 0; index < 100_000 / length; index++) foldUsername(name)
    return process.cpuUsage(startedAt).user
  }
  timeOf(200)
  const [short, long] = [timeOf(200), timeOf(20_000)]
  t.ok(long < 10 * short, `${short} and ${long} us for 100,000 characters`)
})
