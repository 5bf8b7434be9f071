import t from 'tap'
import { createUsers } from '../../fixtures/app.ts'
import { type Difference, type WireCase, compare } from '../../fixtures/wire/differential.ts'
import { skipUnlessDjango, startDjango } from '../../fixtures/servers/django.ts'
import { withAuthorization } from '../../fixtures/clients/exchange.ts'
import { oddly, seconds } from '../../fixtures/tokens/forged.ts'
import { type Peer, peerAt, startOurs } from '../../fixtures/wire/peer.ts'

const { claimed, headed } = oddly

/** What comes as the value of `Authorization`, with a good token at hand. */
const headers: Record<string, (access: string) => string> = {
  'a good token': access => `Bearer ${access}`,
  'an empty header': () => '',
  'spaces alone': () => '   ',
  'a scheme in lower case': access => `bearer ${access}`,
  'a scheme in capitals': access => `BEARER ${access}`,
  'another scheme': access => `JWT ${access}`,
  'a scheme that begins alike': access => `Bearers ${access}`,
  'Basic credentials': () => 'Basic dml0b3I6MTIz',
  'a token alone': access => access,
  'a scheme alone': () => 'Bearer',
  'a scheme and a space': () => 'Bearer ',
  'three parts': access => `Bearer ${access} ${access}`,
  'no space': access => `Bearer${access}`,
  'a comma': access => `Bearer ${access}, Bearer ${access}`,
  'many spaces': access => `Bearer    ${access}`,
  'spaces around': access => `  Bearer ${access}  `,
  'a tab': access => `Bearer\t${access}`,
  quotes: access => `Bearer "${access}"`,
  'a no-break space': access => `Bearer\xa0${access}`
}

/** What is presented as an access token. */
const tokens: Record<string, (peer: Peer) => string | Promise<string>> = {
  'a refresh token': async peer => (await peer.login()).refresh,
  'an access token after the logout': async peer => {
    const { access, refresh } = await peer.login()
    await peer.logout(refresh)
    return access
  },
  'an access token after a refresh': async peer => {
    const { access, refresh } = await peer.login()
    await peer.refresh(refresh)
    return access
  },
  'a refreshed access token': async peer => (await peer.next((await peer.login()).refresh)).access,
  garbage: () => 'abc',
  'bytes that are not ASCII': () => 'a.\xe9.c',
  'another secret': () => oddly.foreign('access'),
  'no signature': () => oddly.unsigned('access'),
  HS512: () => oddly.hs512('access'),
  'a header without typ': () => headed('access', { typ: undefined }),
  'a header with another typ': () => headed('access', { typ: 'JOSE' }),
  'a header with a kid': () => headed('access', { kid: 'k' }),
  'a header with crit': () => headed('access', { crit: ['exp'] }),
  'a loose signature': () => oddly.loose('access'),
  'integer user id': () => claimed('access', { user_id: 1 }),
  expired: () => claimed('access', { exp: seconds() - 1 }),
  'nbf ahead': () => claimed('access', { nbf: seconds() + 3600 }),
  'nbf past': () => claimed('access', { nbf: seconds() - 3600 }),
  'iat an hour ahead': () => claimed('access', { iat: seconds() + 3600 }),
  'iat half a minute ahead': () => claimed('access', { iat: seconds() + 30 }),
  'no iat': () => claimed('access', { iat: undefined }),
  'no exp': () => claimed('access', { exp: undefined }),
  'no jti': () => claimed('access', { jti: undefined }),
  'no type': () => claimed('access', { token_type: undefined }),
  'a sliding token': () => claimed('access', { token_type: 'sliding' }),
  'no user id': () => claimed('access', { user_id: undefined }),
  'null as user id': () => claimed('access', { user_id: null }),
  'a user who is gone': () => claimed('access', { user_id: '999' }),
  'an inactive user': () => claimed('access', { user_id: '2' }),
  'a user id that is no number': () => claimed('access', { user_id: 'abc' }),
  'a user id that is a list': () => claimed('access', { user_id: [1] }),
  'a numeric sub': () => claimed('access', { sub: 1 }),
  'aud and iss that nobody asked for': () => claimed('access', { aud: 'a', iss: 'i' }),
  'exp as a text': () => claimed('access', { exp: String(seconds() + 60) }),
  'exp in two years': () => claimed('access', { exp: seconds() + 2 * 366 * 86_400 }),
  'exp in the year 300000': () => claimed('access', { exp: 9e12 })
}

// /hello/ is behind `authenticate`, which reads the claims alone, and /me/ behind
// `authenticateUser`; Django's are both alike.
const cases: WireCase[] = ['/hello/', '/me/'].flatMap(target => [
  { name: `no header, ${target}`, request: () => ({ method: 'GET', target }) },
  {
    name: `a token in the query, ${target}`,
    request: async peer => ({
      method: 'GET',
      target: `${target}?token=${(await peer.login()).access}`
    })
  },
  {
    name: `two headers, ${target}`,
    request: async peer => {
      const { access } = await peer.login()
      return {
        method: 'GET',
        target,
        headers: ['Authorization', `Bearer ${access}`, 'Authorization', `Bearer ${access}`]
      }
    }
  },
  ...Object.entries(headers).map(([name, header]): WireCase => ({
    name: `${name}, ${target}`,
    request: async peer => withAuthorization(target, header((await peer.login()).access))
  })),
  ...Object.entries(tokens).map(([name, token]): WireCase => ({
    name: `${name}, ${target}`,
    request: async peer => withAuthorization(target, `Bearer ${await token(peer)}`)
  }))
])

const both = (...names: string[]): string[] =>
  names.flatMap(name => [`${name}, /hello/`, `${name}, /me/`])
const refused = (message: string): string =>
  `401 {"detail":"Given token not valid for any token type","code":"token_not_valid","messages":[{"token_class":"AccessToken","token_type":"access","message":"${message}"}]}`
const HELLO = '200 {"message":"Hello, World!"}'
const FAILED = /^500 \n<!doctype html>/

/**
 * What a token with `crit` gets from Django: refused, or let in by a PyJWT that was not updated.
 */
const CRIT = /^(200 \{"message"|401 .*Token is invalid or expired)/

const onPurpose: Difference[] = [
  {
    why: 'the scheme is case-insensitive',
    django: '401 {"detail":"Authentication credentials were not provided."}',
    ours: HELLO,
    of: both('a scheme in lower case', 'a scheme in capitals')
  },
  {
    why: 'only spaces separate',
    django: HELLO,
    ours:
      '401 {"detail":"Authorization header must contain two space-delimited ' +
      'values","code":"bad_authorization_header"}',
    of: both('a tab')
  },
  {
    why: 'SimpleJWT 5.5 tells invalid from expired',
    django: refused('Token is invalid or expired'),
    ours: refused('Token is invalid'),
    of: both(
      'quotes',
      'garbage',
      'bytes that are not ASCII',
      'another secret',
      'no signature',
      'HS512',
      'nbf ahead',
      'iat an hour ahead'
    )
  },
  {
    why: 'SimpleJWT 5.5 tells expired from invalid',
    django: refused('Token is invalid or expired'),
    ours: refused('Token is expired'),
    of: both('expired')
  },
  {
    why: 'the guard refuses tokens of ended sessions',
    django: HELLO,
    ours: refused('Token is blacklisted'),
    of: both('an access token after the logout')
  },
  {
    why: 'tokens are read strictly',
    django: HELLO,
    ours: refused('Token is invalid'),
    of: both('a header with another typ', 'a loose signature', 'exp in two years')
  },
  {
    why: 'no extension is understood, and PyJWT before its security update of 2026 does not look',
    django: CRIT,
    ours: refused('Token is invalid'),
    of: both('a header with crit')
  },
  {
    why: 'clocks may differ by a minute',
    django: refused('Token is invalid or expired'),
    ours: HELLO,
    of: both('iat half a minute ahead')
  },
  {
    why: 'nothing answers 500 for an odd token',
    django: FAILED,
    ours: refused('Token is invalid'),
    of: both('a user id that is a list', 'exp as a text', 'exp in the year 300000')
  },
  {
    why: 'nothing answers 500 for an odd token',
    django: FAILED,
    ours: '401 {"detail":"User not found","code":"user_not_found"}',
    of: ['a user id that is no number, /me/']
  },
  {
    why: 'authenticate asks for no user',
    django: FAILED,
    ours: HELLO,
    of: ['a user id that is no number, /hello/']
  },
  {
    why: 'authenticate asks for no user',
    django: '401 {"detail":"User not found","code":"user_not_found"}',
    ours: HELLO,
    of: ['a user who is gone, /hello/']
  },
  {
    why: 'authenticate asks for no user',
    django: '401 {"detail":"User is inactive","code":"user_inactive"}',
    ours: HELLO,
    of: ['an inactive user, /hello/']
  }
]

t.test('the guard opens and refuses as Django does it', { skip: skipUnlessDjango() }, async t => {
  const users = createUsers()
  const findUser = (id: string) => users.find(user => String(user.id) === id) ?? null
  const [port, { ours }] = await Promise.all([
    startDjango(t),
    startOurs(t, { reuseInterval: 0, findUser, now: Date.now }, app => {
      app.get('/me/', { onRequest: app.authenticateUser }, async () => ({
        message: 'Hello, World!'
      }))
    })
  ])
  await compare(t, { django: peerAt(port), ours }, cases, onPurpose)
})
