import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { cli } from '../../plugin/cli/cli.ts'
import { built } from '../fixtures/servers/built.ts'
import { EVERY } from '../fixtures/tokens/keys.ts'

const USAGE = /^npx fastify-simplejwt keygen \[ALGORITHM\] \[--out FILE\]\n[^]*\nnpx fastify-simplejwt client NAME\n/

t.test('--help: prints the usage and every algorithm', async t => {
  for (const args of [['--help'], ['-h'], ['keygen', '--help'], ['client', '-h']]) {
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
    [['client'], USAGE],
    [['client', 'photo-printer', 'calendar'], USAGE],
    [['client', 'photo-printer', '--out', 'file'], USAGE],
    [['client', ''], /^NAME must be 3 to 100 characters/],
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

t.test('the build of a clone links the command for npx', async t => {
  built('dist/plugin/cli/bin.js')
  const link = join('node_modules', '.bin', 'fastify-simplejwt')
  t.match(execFileSync(link, ['--help'], { encoding: 'utf8' }), /^npx fastify-simplejwt keygen/)
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
