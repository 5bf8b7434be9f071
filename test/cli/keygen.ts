import { readFileSync, readdirSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { cli } from '../../plugin/cli/cli.ts'
import { EVERY } from '../fixtures/tokens/keys.ts'

t.test('keygen: prints a private JWK, ES256 by default', async t => {
  const { stdout, stderr } = cli(['keygen'])
  t.equal(stderr, undefined)
  t.match(JSON.parse(stdout as string), {
    kty: 'EC',
    crv: 'P-256',
    alg: 'ES256',
    use: 'sig',
    kid: /^[\w-]{43}$/,
    d: String
  })
  for (const algorithm of EVERY.filter(name => !/^[RP]S/.test(name))) {
    t.match(JSON.parse(cli(['keygen', algorithm]).stdout as string), {
      alg: algorithm,
      kid: String
    })
  }
})

t.test('keygen --out: writes the key to a new file of mode 600 and prints the kid', async t => {
  const file = join(t.testdir(), 'key.json')
  const { stdout, stderr } = cli(['keygen', 'EdDSA', '--out', file])
  t.equal(stderr, undefined)
  const text = readFileSync(file, 'utf8')
  const key = JSON.parse(text)
  t.match(key, { kty: 'OKP', alg: 'EdDSA', kid: stdout, d: String })
  t.equal(text, `${JSON.stringify(key, null, 2)}\n`)
  t.notMatch(stdout, key.d)
  t.equal(statSync(file).mode & 0o777, 0o600)
})

t.test('keygen --out: leaves an existing file or link as it is', async t => {
  const folder = t.testdir({ 'key.json': 'a key that is in use' })
  symlinkSync('nowhere.json', join(folder, 'link.json'))
  for (const name of ['key.json', 'link.json']) {
    t.same(
      cli(['keygen', '--out', join(folder, name)]),
      {
        stderr: 'File exists, not overwritten: it may hold a key in use.'
      },
      name
    )
  }
  t.equal(readFileSync(join(folder, 'key.json'), 'utf8'), 'a key that is in use')
  t.same(readdirSync(folder).sort(), ['key.json', 'link.json'])
})

t.test('keygen --out: names an unwritable file and does not print the key', async t => {
  const file = join(t.testdir(), 'no-such-folder', 'key.json')
  const said = cli(['keygen', '--out', file])
  t.same(Object.keys(said), ['stderr'])
  t.match(said.stderr, /ENOENT.*no-such-folder/)
  t.notMatch(said.stderr, /"d"/)
})
