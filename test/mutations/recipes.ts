/* eslint no-template-curly-in-string: off -- the texts are pieces of source. */
import type { Mutation } from './list.ts'

const of = (
  file: string, test: string, ...mutations: [check: string, find: string, replace: string][]
): Mutation[] =>
  mutations.map(([check, find, replace]) => ({
    check: `recipe: ${check}`, file: `example/recipes/${file}`, edits: [[find, replace]], tests: [test]
  }))

/** Checks of the recipes. Their tests need the build. */
export const recipeMutations: Mutation[] = [
  ...of(
    'totp.ts', 'test/recipes/totp.ts',
    [
      'a code of the second factor works once',
      'if (step === null || step <= account.totp.lastStep) return false',
      'if (step === null) return false'
    ],
    [
      'a code older than the last one is refused',
      'step <= account.totp.lastStep',
      'step === account.totp.lastStep'
    ]
  ),
  ...of(
    'totp-setup.ts', 'test/recipes/totp.ts',
    ['a setup of the second factor belongs to its user', 'accountId !== account.id ||', '']
  ),
  ...of(
    'password-login.ts', 'test/recipes/totp.ts',
    [
      'a wrong password spends no code',
      'isRight && passesSecondFactor(account, otp) ? account',
      'passesSecondFactor(account, otp) && isRight ? account'
    ]
  ),
  ...of(
    'password-login.ts', 'test/recipes/password-login.ts',
    ['a session without "remember me" is short', '...(remember === true ? {} : FORGOTTEN),', '']
  ),
  ...of(
    'passwords.ts', 'test/recipes/passwords.ts',
    [
      'a user without a password takes as long',
      'await inTurn(() => verify(passwordHash ?? UNKNOWN_USER_HASH, password))',
      'passwordHash !== null && await inTurn(() => verify(passwordHash, password))'
    ],
    [
      'a long queue of hashes is refused',
      'if (underWay + waiting.length >= MOST) throw tooMany()',
      ''
    ]
  ),
  ...of(
    'one-time-tokens.ts', 'test/recipes/one-time-tokens.ts',
    [
      'a one-time token expires',
      'row === undefined || row.expiresAt <= Date.now()',
      'row === undefined'
    ],
    [
      'a one-time token works once',
      'rows.delete(hashOf(token))\n      return value',
      'return value'
    ],
    ['old one-time tokens give way', 'rows.size < MOST', 'rows.size < Infinity']
  ),
  ...of(
    'mail.ts', 'test/recipes/sign-up.ts',
    ['an address gets one mail a minute', 'if (lastSent.has(to)) return', '']
  ),
  ...of(
    'sign-up.ts', 'test/recipes/sign-up.ts',
    [
      'sign-up does not reveal accounts',
      'if (accounts.findByEmail(email) !== null) {',
      'if (accounts.findByEmail(email) !== null) {\n      return reply.code(409).send()'
    ],
    [
      'a client requests few mails',
      'config: { public: true, rateLimit: { max: 5, timeWindow: \'1 minute\' } }',
      'config: { public: true }'
    ]
  ),
  ...of(
    'magic-link.ts', 'test/recipes/magic-link.ts',
    [
      'a link does not replace the second factor',
      'account !== null && passesSecondFactor(account, otp)',
      'account !== null'
    ],
    [
      'a link works once',
      'isRight && links.take(token) !== null',
      'isRight && links.find(token) !== null'
    ],
    [
      'a link in a mail does not reveal accounts',
      'if (account?.isActive === true) {',
      'if (account === null) return reply.code(404).send()\n    if (account.isActive) {'
    ]
  ),
  ...of(
    'oauth.ts', 'test/recipes/oauth.ts',
    [
      'an OAuth provider must have verified the address',
      'profile.email_verified === true',
      'Boolean(profile.email_verified)'
    ],
    [
      'an address links no account with a second factor',
      'account === null || account.totp !== null',
      'account === null'
    ],
    [
      'the subject finds the account before the address does',
      'const known = accounts.findByIdentity(identity)',
      'const known = null'
    ]
  ),
  ...of(
    'log-without-query.ts', 'test/recipes/oauth.ts',
    ['the log has no code of OAuth', 'url: url.replace(/\\?.*/s, \'\')', 'url']
  ),
  ...of(
    'passkey-login.ts', 'test/services/browser/passkeys.ts',
    ['a challenge of a passkey works once', 'challenges.take(cookie)', 'challenges.find(cookie)'],
    [
      'a login by passkey needs a verified user',
      'requireUserVerification: true',
      'requireUserVerification: false'
    ],
    ['the counter of a passkey is stored', 'passkey.counter = authenticationInfo.newCounter', '']
  ),
  ...of(
    'passkey-setup.ts', 'test/services/browser/passkeys.ts',
    [
      'the setup of a passkey belongs to its session',
      'taken === null || taken.sid !== user.sid',
      'taken === null'
    ],
    [
      'the setup of a passkey works once',
      'challenges.take(ceremony)',
      'challenges.find(ceremony)'
    ]
  ),
  ...of(
    'recent-login.ts', 'test/recipes/users.ts',
    [
      'an old session does not change how the user logs in',
      'loggedInAt + RECENT_SECONDS < nowInSeconds()',
      'loggedInAt === Infinity'
    ]
  ),
  ...of(
    'not-impersonated.ts', 'test/recipes/users.ts',
    [
      'an administrator who acts as a user changes no login',
      'act === undefined',
      'act === undefined || true'
    ]
  ),
  ...of(
    'administrator.ts', 'test/recipes/users.ts',
    ['no user acts as an administrator', 'account.role === \'admin\' ||', ''],
    [
      'the routes of administrators need the role',
      'requireClaims({ role: \'admin\' })',
      'requireClaims(() => true)'
    ],
    [
      'an administrator who acts as a user gets no refresh token',
      'return { access }',
      'return app.tokens.login(account, reply)'
    ]
  ),
  ...of(
    'password-change.ts', 'test/recipes/users.ts',
    [
      'a password change needs the current password',
      'await matches(account.passwordHash, current) ? account : null)',
      'account)'
    ],
    [
      'a password change logs other devices out',
      'await app.tokens.revokeUser(account.id, { except: user.sid })',
      ''
    ]
  ),
  ...of(
    'app.ts', 'test/recipes/users.ts',
    [
      'routes of the recipes are guarded by default',
      'guardByDefault: true',
      'guardByDefault: false'
    ]
  ),
  ...of(
    'app.ts', 'test/recipes/live.ts',
    [
      'a logout closes WebSockets',
      'onSessionEnded: sid => { sockets.close(sid) }',
      'onSessionEnded: () => {}'
    ]
  ),
  ...of(
    'live.ts', 'test/recipes/live.ts',
    ['a refresh token opens no WebSocket', 'app.tokens.verifyAccess(', 'app.tokens.verify('],
    [
      'a logout during the handshake closes the WebSocket',
      'if (await app.tokens.isLive(sid)) socket',
      'if (sid !== \'\') socket'
    ],
    [
      'a WebSocket does not echo its token',
      'handleProtocols: protocols => protocols.has(PROTOCOL) && PROTOCOL',
      ''
    ]
  ),
  ...of(
    'live-sockets.ts', 'test/recipes/live-sockets.ts',
    [
      'a WebSocket closes when its token expires',
      'setTimeout(expire, exp * 1000 - Date.now())',
      'setTimeout(expire, 2 ** 31 - 1)'
    ]
  ),
  ...of(
    'graphql/app.ts', 'test/recipes/frameworks/graphql.ts',
    ['a GraphQL query needs a token', 'if (!request.ws) await authenticate(request, reply)', '']
  ),
  ...of(
    'graphql/subscriptions.ts', 'test/recipes/frameworks/graphql.ts',
    ['a GraphQL subscription ends at logout', 'sockets.add(socket, sid, exp)', ''],
    [
      'an ended session starts no GraphQL subscription',
      'if (!await isLive(sid)) throw new Error(\'The session has ended.\')',
      ''
    ],
    [
      'a GraphQL subscription needs a token',
      'if (typeof payload?.access !== \'string\') return false',
      'if (typeof payload?.access !== \'string\') return { claims: {} }'
    ]
  ),
  ...of(
    'nestjs/access-token.guard.ts', 'test/recipes/frameworks/nestjs.ts',
    ['a handler of NestJS is guarded', 'await authenticate(request, reply)', ''],
    [
      'a handler of NestJS may need claims',
      'if (required !== undefined) await',
      'if (required === null) await'
    ]
  )
]
