import { randomInt } from 'node:crypto'
import t from 'tap'
import type { TokenPair } from '../../../plugin/index.ts'
import { createUsers } from '../../fixtures/app.ts'
import { type Difference, type WireCase, compare } from '../../fixtures/wire/differential.ts'
import { skipUnlessDjango, startDjango } from '../../fixtures/servers/django.ts'
import { asForm, asJson } from '../../fixtures/clients/exchange.ts'
import { oddly, seconds } from '../../fixtures/tokens/forged.ts'
import { type Peer, peerAt, startOurs } from '../../fixtures/wire/peer.ts'

const { claimed, headed } = oddly
const ROUTES = ['refresh', 'blacklist', 'verify'] as const

/** A pair and what was done with it. */
async function after (peer: Peer, deed: (pair: TokenPair) => Promise<unknown>): Promise<TokenPair> {
  const pair = await peer.login()
  await deed(pair)
  return pair
}

/** What is presented as a refresh token, by name. */
const tokens: Record<string, (peer: Peer) => string | Promise<string>> = {
  'a good token': async peer => (await peer.login()).refresh,
  'a good token with spaces around': async peer => ` ${(await peer.login()).refresh}\n`,
  'a successor': async peer => (await peer.next((await peer.login()).refresh)).refresh,
  'a spent token': async peer => (await after(peer, pair => peer.refresh(pair.refresh))).refresh,
  'a logged-out token': async peer =>
    (await after(peer, pair => peer.logout(pair.refresh))).refresh,
  'an access token': async peer => (await peer.login()).access,
  garbage: () => 'abc',
  'three parts of garbage': () => 'a.b.c',
  'a token that is not ASCII': () => 'é.é.é',
  'a changed payload': async peer => {
    const { access, refresh } = await peer.login()
    return refresh.replace(/\..*\./, `.${access.split('.')[1]}.`)
  },
  'another secret': () => oddly.foreign('refresh'),
  'no signature': () => oddly.unsigned('refresh'),
  HS512: () => oddly.hs512('refresh'),
  'a header that says RS256': () => headed('refresh', { alg: 'RS256' }),
  'a header without typ': () => headed('refresh', { typ: undefined }),
  'a header with another typ': () => headed('refresh', { typ: 'JOSE' }),
  'a header with a kid': () => headed('refresh', { kid: 'k' }),
  'a header with crit': () => headed('refresh', { crit: ['exp'] }),
  'a loose signature': () => oddly.loose('refresh'),
  'a token of 10,000 characters': () => claimed('refresh', { long: 'x'.repeat(7_000) }),
  'integer user id': () => claimed('refresh', { user_id: 1 }),
  'custom claims': () => claimed('refresh', { name: 'vitor', roles: ['a'] }),
  expired: () => claimed('refresh', { exp: seconds() - 1 }),
  'expired and an access token': () => claimed('access', { exp: seconds() - 1 }),
  'nbf ahead': () => claimed('refresh', { nbf: seconds() + 3600 }),
  'iat an hour ahead': () => claimed('refresh', { iat: seconds() + 3600 }),
  'iat half a minute ahead': () => claimed('refresh', { iat: seconds() + 30 }),
  'no iat': () => claimed('refresh', { iat: undefined }),
  'no exp': () => claimed('refresh', { exp: undefined }),
  'no jti': () => claimed('refresh', { jti: undefined }),
  'no type': () => claimed('refresh', { token_type: undefined }),
  'an unknown type': () => claimed('refresh', { token_type: 'sliding' }),
  'no user id': () => claimed('refresh', { user_id: undefined }),
  'null as user id': () => claimed('refresh', { user_id: null }),
  'a user who is gone': () => claimed('refresh', { user_id: '999' }),
  'an inactive user': () => claimed('refresh', { user_id: '2' }),
  'a user id that is no number': () => claimed('refresh', { user_id: 'abc' }),
  'a user id that is an object': () => claimed('refresh', { user_id: { a: 1 } }),
  'exp as a text': () => claimed('refresh', { exp: String(seconds() + 60) }),
  'exp as a fraction': () => claimed('refresh', { exp: seconds() + 60.5 }),
  'exp in two years': () => claimed('refresh', { exp: seconds() + 2 * 366 * 86_400 }),
  'exp in the year 300000': () => claimed('refresh', { exp: 9e12 }),
  'iat as a text': () => claimed('refresh', { iat: 'now' }),
  'a number as jti': () => claimed('refresh', { jti: randomInt(1e9) }),
  'null as jti': () => claimed('refresh', { jti: null })
}

const cases: WireCase[] = ROUTES.flatMap(route => Object.entries(tokens).flatMap(([name, token]) =>
  [asJson, asForm].map(encode => ({
    name: `${name}, at ${route}, as ${encode === asJson ? 'JSON' : 'a form'}`,
    request: async (peer: Peer) =>
      encode(`/api/token/${route}/`, {
        [route === 'verify' ? 'token' : 'refresh']: await token(peer)
      })
  }))))

/** The names of the cases that present these tokens at these routes. */
const at = (routes: readonly string[], ...names: string[]): string[] =>
  routes.flatMap(route =>
    names.flatMap(name => [`${name}, at ${route}, as JSON`, `${name}, at ${route}, as a form`])
  )
const refused = (detail: string): string => `401 {"detail":"${detail}","code":"token_not_valid"}`
const PAIR = '200 {"access":"JWT","refresh":"JWT"}'
const NOTHING = '200 {}'
const FAILED = /^500 \n<!doctype html>/
const NO_USER_FOUND = '401 {"detail":"User not found","code":"user_not_found"}'
const NO_USER_NAMED = refused('Token contained no recognizable user identification')
const QUIET = ['blacklist', 'verify']
const ODD = [
  'a header with another typ', 'a loose signature', 'a token of 10,000 characters',
  'a user id that is an object', 'exp in two years', 'a number as jti'
]

/** What a token with `crit` gets from Django: refused, or taken by a PyJWT that was not updated. */
const CRIT = /^(200 \{|401 .*Token is invalid or expired)/

const onPurpose: Difference[] = [
  {
    why: 'SimpleJWT 5.5 tells invalid from expired',
    django: refused('Token is invalid or expired'),
    ours: refused('Token is invalid'),
    of: at(
      ROUTES,
      'garbage',
      'three parts of garbage',
      'a token that is not ASCII',
      'a changed payload',
      'another secret',
      'no signature',
      'HS512',
      'a header that says RS256',
      'nbf ahead',
      'iat an hour ahead',
      'iat as a text'
    )
  },
  {
    why: 'SimpleJWT 5.5 tells expired from invalid',
    django: refused('Token is invalid or expired'),
    ours: refused('Token is expired'),
    of: at(ROUTES, 'expired', 'expired and an access token')
  },
  {
    why: 'verification refuses tokens of ended sessions as the other routes do',
    django: '400 {"non_field_errors":["Token is blacklisted"]}',
    ours: refused('Token is blacklisted'),
    of: at(['verify'], 'a spent token', 'a logged-out token')
  },
  {
    why: 'tokens are read strictly',
    django: PAIR,
    ours: refused('Token is invalid'),
    of: at(['refresh'], ...ODD)
  },
  {
    why: 'tokens are read strictly',
    django: NOTHING,
    ours: refused('Token is invalid'),
    of: [...at(QUIET, ...ODD), ...at(['verify'], 'null as jti')]
  },
  {
    why: 'no extension is understood, and PyJWT before its security update of 2026 does not look',
    django: CRIT,
    ours: refused('Token is invalid'),
    of: at(ROUTES, 'a header with crit')
  },
  {
    why: 'clocks may differ by a minute',
    django: refused('Token is invalid or expired'),
    ours: PAIR,
    of: at(['refresh'], 'iat half a minute ahead')
  },
  {
    why: 'clocks may differ by a minute',
    django: refused('Token is invalid or expired'),
    ours: NOTHING,
    of: at(QUIET, 'iat half a minute ahead')
  },
  {
    why: 'every token has a user',
    django: PAIR,
    ours: NO_USER_NAMED,
    of: at(['refresh'], 'no user id')
  },
  {
    why: 'every token has a user',
    django: NOTHING,
    ours: NO_USER_NAMED,
    of: at(QUIET, 'no user id')
  },
  {
    why: 'every token has a user',
    django: PAIR,
    ours: NO_USER_FOUND,
    of: at(['refresh'], 'null as user id')
  },
  {
    why: 'every token has a user',
    django: NOTHING,
    ours: NO_USER_FOUND,
    of: at(QUIET, 'null as user id')
  },
  {
    why: 'verification takes access and refresh tokens, no others',
    django: NOTHING,
    ours: refused('Token has no type'),
    of: at(['verify'], 'no type')
  },
  {
    why: 'verification takes access and refresh tokens, no others',
    django: NOTHING,
    ours: refused('Token has wrong type'),
    of: at(['verify'], 'an unknown type')
  },
  {
    why: 'SimpleJWT 5.5 looks the user up at refresh, and failed refreshes carry a code',
    django: PAIR,
    ours:
      '401 {"detail":"No active account found for the given ' +
      'token.","code":"no_active_account"}',
    of: at(['refresh'], 'a user who is gone', 'an inactive user', 'a user id that is no number')
  },
  {
    why: 'nothing answers 500 for an odd token',
    django: FAILED,
    ours: refused('Token has no id'),
    of: at(['refresh', 'blacklist'], 'no jti')
  },
  {
    why: 'nothing answers 500 for an odd token',
    django: FAILED,
    ours: refused('Token is invalid'),
    of: [
      ...at(ROUTES, 'exp as a text', 'exp in the year 300000'),
      ...at(['refresh', 'blacklist'], 'null as jti')
    ]
  }
]

t.test('answers to tokens in bodies match Django', { skip: skipUnlessDjango() }, async t => {
  const users = createUsers()
  const findUser = (id: string) => users.find(user => String(user.id) === id) ?? null
  const [port, { ours }] = await Promise.all([
    startDjango(t, { ROTATE_REFRESH_TOKENS: true, BLACKLIST_AFTER_ROTATION: true }),
    startOurs(t, { adoptRefreshTokens: true, reuseInterval: 0, findUser, now: Date.now })
  ])
  await compare(t, { django: peerAt(port), ours }, cases, onPurpose)
})
