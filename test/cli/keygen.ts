import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { cli } from '../../plugin/cli/cli.ts'
import { built } from '../fixtures/servers/built.ts'
import { EVERY } from '../fixtures/tokens/keys.ts'

const USAGE = /^npx fastify-simplejwt keygen \[ALGORITHM\] \[--out FILE\]/

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

t.test('--help: prints the usage and every algorithm', async t => {
  for (const args of [['--help'], ['-h'], ['keygen', '--help'], ['keygen', 'RS256', '-h']]) {
    const { stdout, stderr } = cli(args)
    t.match(stdout, USAGE)
    t.equal(stderr, undefined)
    for (const algorithm of EVERY) t.ok(stdout?.includes(algorithm))
  }
})

t.test('cli: rejects bad arguments and makes no key', async t => {
  const wrong: [string[], RegExp][] = [
    [[], USAGE],
    [['sign'], USAGE],
    [['keygen', 'ES256', 'EdDSA'], USAGE],
    [['keygen', 'es256'], /^Unknown algorithm "es256"\.\n\nnpx/],
    [['keygen', 'none'], /^Unknown algorithm "none"/],
    [['keygen', 'constructor'], /^Unknown algorithm "constructor"/],
    [['keygen', ''], /^Unknown algorithm ""/],
    [['keygen', '--bits', '512'], /--bits/],
    [['keygen', '--out'], /--out/],
    [['keygen', '--out', '--force'], /--out/]
  ]
  for (const [args, expected] of wrong) {
    const said = cli(args)
    t.same(Object.keys(said), ['stderr'], args.join(' '))
    t.match(said.stderr, expected, args.join(' '))
  }
})

t.test('the command prints on stdout and exits with 0, or on stderr and with 1', async t => {
  const bin = built('dist/plugin/cli/bin.js')
  const file = join(t.testdir(), 'key.json')
  t.match(
    JSON.parse(execFileSync(process.execPath, [bin, 'keygen', 'HS512'], { encoding: 'utf8' })),
    { kty: 'oct', alg: 'HS512' }
  )
  t.match(
    execFileSync(process.execPath, [bin, 'keygen', '--out', file], { encoding: 'utf8' }),
    /^[\w-]{43}\n$/
  )
  t.equal(statSync(file).mode & 0o777, 0o600)
  writeFileSync(file, 'in use')
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, 'keygen', '--out', file], {
    encoding: 'utf8'
  })
  t.same([status, stdout], [1, ''])
  t.match(stderr, /^File exists, not overwritten/)
  t.equal(readFileSync(file, 'utf8'), 'in use')
})
