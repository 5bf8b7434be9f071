/* eslint no-template-curly-in-string: off -- the texts are pieces of source. */
import { caughtByOne } from '../caught-by.ts'
import type { Mutation } from '../list.ts'

const of = caughtByOne({ name: 'oauth decision', source: 'plugin/oauth', tests: 'test/oauth' })

/** Checks of the user's decision, and of the entry of the plugin. */
export const oauthDecisionMutations: Mutation[] = [
  ...of(
    'own-login.ts', 'routes/decision-attacks.ts',
    [
      'an app cannot allow another app',
      'type GuardParts, authenticateOwn,',
      'type GuardParts, authenticateRequest as authenticateOwn,'
    ],
    [
      'a revoked login decides nothing, even before the guard knows',
      'if (session.revokedAt !== null) {',
      'if (session.userId === \'\') {'
    ],
    [
      'a login at another server has no time here',
      'return session.adoptedUntil === null ? session : null',
      'return session'
    ],
    [
      'a hook of the host does not change who decides',
      '=> logins.get(request),',
      '=> request.user,'
    ]
  ),
  ...of(
    'routes/authorization.ts', 'routes/decision-attacks.ts',
    ['a token without a session decides nothing', 'if (session === null) throw loginRequired()',
      'if (session === null) return {}'],
    [
      'a logout everywhere during the decision leaves no code',
      'confirm: () => login.sessionOf(claims)',
      ''
    ],
    [
      'each decision counts by address',
      'onRequest: [limitByAddress, login.required]',
      'onRequest: [login.required]'
    ],
    [
      'each page of details counts by address',
      'onRequest: [limitByAddress, login.optional]',
      'onRequest: [login.optional]'
    ]
  ),
  ...of(
    'routes/authorization.ts', 'routes/decision-csrf.ts',
    ['no form decides', 'typeof allow !== \'boolean\'', 'allow === undefined']
  ),
  ...of(
    'routes/authorization.ts', 'routes/authorization.ts',
    [
      'the time of the login is that of its session',
      'authTime: session.createdAt',
      'authTime: session.issuedAt'
    ],
    ['a denial is one', 'if (!allow) return', 'if (allow === undefined) return'],
    [
      'the answer says whether to ask only with a token',
      'const asks = claims && await',
      'const asks = await'
    ],
    [
      'the page asks unless the app is connected',
      'mustAsk(server, authorization, claims.user_id)',
      'Promise.resolve(false)'
    ],
    ['scopes are texts', 'scopes !== undefined && !isListOfTexts(scopes)', 'false']
  ),
  ...of(
    'consent.ts', 'consent.ts',
    [
      'prompt=consent always asks',
      'client.fromDocument || words(prompt).includes(\'consent\')',
      'client.fromDocument'
    ],
    ['a trusted client does not ask', 'if (client.trusted) return false', ''],
    [
      'an app that any program can imitate always asks',
      'if (isImitable || options.resources.length > 1)',
      'if (options.resources.length > 1)'
    ],
    ['a client with a secret is no imitation', 'client.secretHash === undefined &&', ''],
    ['a scheme of a phone can be imitated', ' || isPrivateScheme(redirectUri)', ''],
    ['a loopback URI can be imitated', 'isLoopback(redirectUri) || ', ''],
    [
      'consent for one resource is none for another',
      'isImitable || options.resources.length > 1',
      'isImitable'
    ],
    ['consent is for one client', 'clientId === client.id &&', 'clientId !== null &&'],
    ['consent is for all of the scopes', 'isSubset(scopes, words(scope ?? \'\'))', 'true'],
    ['consent is for the whole scope', 'words(scope ?? \'\')', '(scope ?? \'\')'],
    [
      'prompt=login requires a login',
      'if (words(prompt).includes(\'login\')) return false',
      ''
    ],
    ['a login since the request counts', 'if (authTime >= askedAt) return true', ''],
    [
      'max_age bounds the age of the login',
      'core.options.now() - authTime <= maxAge * 1000',
      'authTime > 0'
    ]
  ),
  ...of(
    'decision.ts', 'decision.ts',
    [
      'an old login allows nothing',
      'if (!isLoginRecent(server, authorization, authTime)) throw loginRequired()',
      ''
    ],
    ['the user may only take scopes away', 'isSubset(scopes, authorization.scopes)', 'true'],
    ['the user cannot take all scopes away', 'scopes.length > 0 &&', ''],
    ['the session has the scopes that the user allows', 'scope: granted.join(\' \')',
      'scope: authorization.scopes.join(\' \')'],
    ['the code has the scopes that the user allows', 'scopes: granted, authTime', 'authTime'],
    ['a user who is gone is refused', '!known ||', ''],
    ['an inactive user is refused', '!isActive(known as User) ||', ''],
    ['a user given as inactive is refused', ' || !isActive(user)', ''],
    [
      'a user is checked before a session starts',
      'await refuseGoneUser(server, user, request)',
      ''
    ],
    ['a code lives a minute', 'refreshLifetime: options.codeLifetime,', ''],
    ['a grant ends', 'sessionLifetime: options.grantLifetime,', ''],
    ['the session is the client\'s', 'clientId: authorization.client.id, scope', 'scope'],
    ['a login revoked meanwhile gets no code', 'await confirm?.()', '']
  ),
  ...of(
    'consent.ts', 'service.ts',
    ['the time of a login is a number', 'Number.isFinite(time) &&', ''],
    ['no login is in the future', 'time as number <= now + CLOCK_SKEW_MS', 'now > 0']
  ),
  ...of(
    'service.ts', 'service.ts',
    [
      'disconnect ends one app only',
      'sessions.filter(session => session.clientId === clientId)',
      'sessions'
    ]
  ),
  ...of(
    'plugin.ts', 'index.ts',
    ['a secret never signs the tokens of apps', 'core.keyChecks.push(requireKeyPair)', ''],
    ['a second registration is refused by name', 'if (app.hasDecorator(decorator)) {',
      'if (decorator === \'\') {'],
    [
      'a namespace has its own registration',
      'namespace === undefined ? \'tokens\' : `${namespace}Tokens`',
      '\'tokens\''
    ]
  )
]
