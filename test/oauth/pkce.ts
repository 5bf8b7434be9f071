import t from 'tap'
import { isChallenge, isVerifierOf } from '../../plugin/oauth/pkce.ts'
import { RFC_7636_PKCE, challengeOf } from '../fixtures/oauth/pkce.ts'

const { verifier, challenge } = RFC_7636_PKCE

t.test('pkce: a challenge is 43 characters of base64url', async t => {
  for (const text of [challenge, 'A'.repeat(43), `-_${'0'.repeat(41)}`]) {
    t.ok(isChallenge(text), text)
  }
  for (const text of [
    undefined, '', 'A'.repeat(42), 'A'.repeat(44), `${'A'.repeat(42)}=`, `${'A'.repeat(42)}+`,
    `${'A'.repeat(42)}/`, `${challenge}\n`, `\n${challenge}`, `${'A'.repeat(42)}é`
  ]) {
    t.notOk(isChallenge(text), String(text))
  }
})

t.test('pkce: the verifier of RFC 7636 appendix B has its challenge', async t => {
  t.ok(isVerifierOf(challenge, verifier))
})

t.test('pkce: takes verifiers of 43 to 128 characters of the RFC\'s alphabet', async t => {
  for (const text of ['a'.repeat(43), 'a'.repeat(128), `${'~'.repeat(41)}.-_`]) {
    t.ok(isVerifierOf(challengeOf(text), text), text)
  }
  for (const text of [
    '', 'a'.repeat(42), 'a'.repeat(129), `${'a'.repeat(43)} `, `${'a'.repeat(43)}\n`,
    `${'a'.repeat(43)}+`, `${'a'.repeat(43)}é`
  ]) {
    t.notOk(isVerifierOf(challengeOf(text), text), text)
  }
})

t.test('pkce: refuses another verifier, none, and the challenge itself', async t => {
  for (const other of [undefined, challenge, verifier.toLowerCase(), `${verifier}a`]) {
    t.notOk(isVerifierOf(challenge, other), String(other))
  }
})
