import t from 'tap'
import { cli } from '../../plugin/cli/cli.ts'
import { isSecretOf, parseSecretHash } from '../../plugin/oauth/client-secrets.ts'

const LINES = new RegExp([
  /^client_id {6}photo-printer$/,
  /^client_secret {2}([\w-]{43}) {9}\(give it to the app; it is not shown again\)$/,
  /^secretHash {5}(sha256:[\w-]{43}) {2}\(for the option "clients"\)$/
].map(({ source }) => source.slice(1, -1)).join('\\n'))

t.test('client: prints the id, a new secret and its hash', async t => {
  const said = [cli(['client', 'photo-printer']), cli(['client', 'photo-printer'])]
  const secrets = said.map(({ stdout, stderr }) => {
    t.equal(stderr, undefined)
    const [text, secret, hash] = LINES.exec(stdout as string) ?? []
    t.equal(text, stdout)
    t.equal(isSecretOf(secret as string, parseSecretHash(hash)), true)
    return secret
  })
  t.not(secrets[0], secrets[1])
})

t.test('client: makes no secret for a name that cannot be an id', async t => {
  for (const name of ['ab', '1abc', 'photo printer', 'Fotos für alle', 'a/b', 'a\nb']) {
    t.same(cli(['client', name]), {
      stderr: 'NAME must be 3 to 100 characters of A-Z a-z 0-9 . _ -, the first a letter, ' +
        'and not a UUID.'
    }, name)
  }
})
