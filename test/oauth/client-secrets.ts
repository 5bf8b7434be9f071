import { createHash } from 'node:crypto'
import t from 'tap'
import { isSecretOf, newSecret, parseSecretHash } from '../../plugin/oauth/client-secrets.ts'

const hashOf = (secret: string): string =>
  `sha256:${createHash('sha256').update(secret).digest('base64url')}`

t.test('newSecret: 256 random bits in base64url, and their hash', async t => {
  const made = Array.from({ length: 100 }, newSecret)
  for (const { secret, hash } of made) {
    t.match(secret, /^[A-Za-z0-9_-]{43}$/)
    t.equal(hash, hashOf(secret))
  }
  t.equal(new Set(made.map(({ secret }) => secret)).size, 100)
})

t.test('parseSecretHash: the bytes of a SHA-256 hash', async t => {
  t.same(parseSecretHash(hashOf('x')), createHash('sha256').update('x').digest())
})

t.test('parseSecretHash: undefined for each other value', async t => {
  const encoded = hashOf('x').slice(7)
  const others = [
    encoded, `SHA256:${encoded}`, `sha1:${encoded}`, `sha256:${encoded}=`, `sha256:${encoded}A`,
    `sha256:${encoded.slice(1)}`, ` sha256:${encoded}`, `sha256:${encoded}\n`,
    `sha256:${encoded.slice(1)}+`, `sha256:${createHash('sha256').update('x').digest('hex')}`,
    `sha256:${Buffer.alloc(31).toString('base64url')}`,
    `sha256:${Buffer.alloc(33).toString('base64url')}`,
    'sha256:', '', null, undefined, 1, {}, [hashOf('x')], Buffer.alloc(32)
  ]
  for (const other of others) t.equal(parseSecretHash(other), undefined, String(other))
})

t.test('parseSecretHash: one spelling of the bytes, without unused bits', async t => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const start = hashOf('x').slice(0, -1)
  const good = [...alphabet].filter(last => parseSecretHash(start + last) !== undefined)
  t.equal(good.join(''), 'AEIMQUYcgkosw048')
})

t.test('isSecretOf: true for the secret of the hash only', async t => {
  const { secret, hash } = newSecret()
  const bytes = parseSecretHash(hash)
  t.equal(isSecretOf(secret, bytes), true)
  for (const other of ['', secret.slice(1), `${secret} `, secret.toUpperCase(), newSecret().secret]) {
    t.equal(isSecretOf(other, bytes), false)
  }
})

t.test('isSecretOf: the hash itself is not the secret', async t => {
  const { hash } = newSecret()
  const bytes = parseSecretHash(hash) as Buffer
  for (const text of [hash, hash.slice(7), bytes.toString('latin1'), bytes.toString('hex')]) {
    t.equal(isSecretOf(text, bytes), false)
  }
})

t.test('isSecretOf: nothing is the secret of a client that has none', async t => {
  for (const text of ['', '\0'.repeat(32), newSecret().secret, 'undefined']) {
    t.equal(isSecretOf(text, undefined), false)
  }
})
