import { caughtByEach } from '../caught-by.ts'
import type { Mutation } from '../list.ts'

const of = caughtByEach({ name: 'oauth', source: 'plugin', tests: 'test' })

/** Checks of OAuth clients and of the sessions that they are granted. */
export const oauthSessionMutations: Mutation[] = [
  ...of('routes/sessions.ts',
    [
      'the list of sessions names the client', 'client_id: session.clientId', 'client_id: null',
      'routes/sessions.ts'
    ],
    [
      'the list of sessions names the scopes', 'scope: session.scope', 'scope: null',
      'routes/sessions.ts'
    ]),
  ...of('sessions/client-info.ts',
    [
      'an event names the client', '...(clientId !== null && { clientId }),', '',
      'sessions/client-info.ts', 'routes/sessions.ts'
    ]),
  ...of('sessions/lifecycle.ts',
    ['a session keeps its grant', '...settings.grant', '', 'sessions/lifecycle.ts'],
    [
      'a code has no reuse interval',
      'reuseInterval = rules.reuseInterval } = settings',
      '} = settings\n      const { reuseInterval } = rules', 'sessions/lifecycle.ts'
    ],
    [
      'the token of a code has its own lifetime',
      'expiresAt: issuedAt + refreshLifetime }', 'expiresAt: issuedAt + refreshTokenLifetime }',
      'sessions/lifecycle.ts'
    ]),
  ...of('stores/sql/statements.ts',
    [
      'in SQL a session keeps its client', ':rotatedAddress, :clientId, :scope)',
      ':rotatedAddress, NULL, :scope)', 'stores/sqlite.ts'
    ],
    [
      'in SQL a session keeps its scopes', 'scope: row.scope', 'scope: null', 'stores/sqlite.ts'
    ]),
  ...of('stores/sql/tables.ts',
    [
      'a row of an older worker is of no client', "['client_id', 'text']",
      "['client_id', \"text NOT NULL DEFAULT ''\"]", 'stores/sqlite-migrations.ts'
    ]),
  ...of('stores/sql/migrate-postgres.ts',
    [
      'processes that migrate at once add a column once', ", ' IF NOT EXISTS')", ')',
      'services/postgres/migrate.ts'
    ]),
  ...of('stores/redis/row.ts',
    [
      'in Redis a session keeps its client', "clientId: text('clientId')", 'clientId: null',
      'stores/redis/row.ts'
    ],
    [
      'in Redis a session keeps its scopes', "scope: text('scope')", 'scope: null',
      'stores/redis/row.ts'
    ])
]
