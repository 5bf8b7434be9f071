import { performance } from 'node:perf_hooks'
import t from 'tap'
import { trim } from '../../plugin/http/body-validation.ts'

t.test('white space is what Python takes for it', async t => {
  const spaces =
    '\t\n\v\f\r\x1c\x1d\x1e\x1f ' +
    '\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'
  t.equal(trim(`${spaces}a b${spaces}`), 'a b')
  for (const other of ['\0', '\ufeff', '\u200b', '\u180e', '\x1b']) {
    t.equal(trim(`${other}a${other}`), `${other}a${other}`, `U+${other.charCodeAt(0).toString(16)}`)
  }
  t.equal(trim(spaces), '')
  t.equal(trim(''), '')
})

t.test('a long run of white space within a text takes no time to speak of', async t => {
  const start = performance.now()
  trim(`a${' '.repeat(16_000)}a`.repeat(20))
  t.ok(performance.now() - start < 50)
})
