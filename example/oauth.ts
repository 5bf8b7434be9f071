import type { FastifyInstance } from 'fastify'
// In your app: import oauth from 'fastify-simplejwt/oauth'
import oauth from '../plugin/oauth/index.ts'
import { connect } from './connect.ts'
import { clients, scopes } from './oauth-clients.ts'
import { photos } from './photos.ts'
import { reports } from './reports.ts'
import type { Settings } from './settings.ts'
import type { DemoUser } from './users.ts'

/**
 * Lets apps of others in: the endpoints of OAuth, the page that asks the user, and two routes for
 * apps. Off without a key pair, since other services could not verify the tokens.
 */
export async function oauthForApps (app: FastifyInstance, settings: Settings): Promise<void> {
  const { keysPath, issuer, audience, rateLimit } = settings
  if (issuer === undefined || audience === undefined) return
  if (keysPath === undefined) {
    return app.log.info('OAuth is off: ISSUER and AUDIENCE are set, but not JWT_KEYS.')
  }
  await app.register(oauth, {
    interactionUrl: '/connect',
    scopes,
    clients,
    userinfo: (user: DemoUser, granted) =>
      granted.includes('profile') ? { preferred_username: user.username } : {},
    // The lesson is read meanwhile. The default is a minute.
    codeLifetime: '10m',
    ...(!rateLimit && { rateLimit: false })
  })
  await app.register(connect)
  await app.register(photos)
  await app.register(reports)
}
