import { error, refused, throttled, unavailable } from './schema-parts.ts'

// No format: Ajv knows `date-time` only with ajv-formats, and refuses an unknown one.
const time = { type: 'string', description: 'In ISO 8601, UTC.' }
const nothing = { type: 'null', description: 'Revoked.' }
const notFound = error('The user has no such session.', { detail: 'Not found.' })

const LIVE_SESSION = {
  sid: '5e556f2e0f1b4d2c8a7b9c0d1e2f3a4b',
  created_at: '2026-11-22T12:00:00.000Z',
  last_used_at: '2026-11-22T12:05:00.000Z',
  expires_at: '2026-11-23T12:05:00.000Z',
  user_agent: 'curl/7.88.1',
  address: '127.0.0.1',
  client_id: null,
  scope: null,
  current: true
}

const GRANTED_SESSION = {
  sid: '0c9d5b0e3f6a4f1c9a7e2d4b6c8f1a35',
  created_at: '2026-11-22T12:10:00.000Z',
  last_used_at: '2026-11-22T12:10:00.000Z',
  expires_at: '2026-12-22T13:00:00.000Z',
  user_agent: 'photo-printer/1.4',
  address: '192.0.2.1',
  client_id: 'photo-printer',
  scope: 'photos:read',
  current: false
}

export const listSessionsSchema = {
  summary: 'List the live sessions of the user.',
  tags: ['sessions'],
  response: {
    200: {
      description: 'The sessions, oldest first.',
      type: 'array',
      examples: [[LIVE_SESSION, GRANTED_SESSION]],
      items: {
        type: 'object',
        required: Object.keys(LIVE_SESSION),
        properties: {
          sid: { type: 'string' },
          created_at: time,
          last_used_at: time,
          expires_at: time,
          user_agent: { type: ['string', 'null'] },
          address: { type: ['string', 'null'] },
          client_id: {
            type: ['string', 'null'],
            description: 'The OAuth client of the session. Null: a login of the user.'
          },
          scope: {
            type: ['string', 'null'],
            description: 'The scopes of the client, separated by spaces.'
          },
          current: { type: 'boolean', description: 'True for the session of this request.' }
        }
      }
    },
    401: refused,
    429: throttled,
    503: unavailable
  }
}

export const endSessionsSchema = {
  summary: 'Revoke all sessions of the user, including this one.',
  tags: ['sessions'],
  response: { 204: nothing, 401: refused, 429: throttled, 503: unavailable }
}

export const endSessionSchema = {
  summary: 'Revoke one session of the user.',
  tags: ['sessions'],
  params: { type: 'object', properties: { sid: { type: 'string' } } },
  response: { 204: nothing, 401: refused, 404: notFound, 429: throttled, 503: unavailable }
}
