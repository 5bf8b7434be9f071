import type { FieldsSchema } from '../http/body-validation.ts'

/** An example of each kind of token. */
export const TOKENS = {
  access: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0b2tlbl90eXBlIjoiYWNjZXNzIn0.c2lnbmF0dXJl',
  refresh: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCJ9.c2lnbmF0dXJl'
}

export const fields = (properties: FieldsSchema['properties'], example: Record<string, string>) =>
  ({ type: 'object' as const, required: Object.keys(properties), properties, examples: [example] })

export const token = (description: string) => ({ type: 'string' as const, description })
export const empty = {
  description: 'Done.',
  type: 'object',
  properties: {},
  additionalProperties: false,
  examples: [{}]
}

export const error = (description: string, example: Record<string, unknown>) => ({
  description,
  type: 'object',
  properties: { detail: { type: 'string' }, code: { type: 'string' } },
  additionalProperties: true,
  examples: [example]
})
export const consumes = ['application/json', 'application/x-www-form-urlencoded']
export const invalid = (field: string) =>
  error('A field is missing or not a string.', { [field]: ['This field is required.'] })
export const refused = error('The token is invalid, expired, of the wrong kind or blacklisted.', {
  detail: 'Token is invalid',
  code: 'token_not_valid'
})
export const throttled = error('Too many requests: `Retry-After` says how many seconds to wait.', {
  detail: 'Request was throttled. Expected available in 23 seconds.',
  code: 'throttled'
})
export const unavailable = error(
  'The session store does not answer. The token is unchanged: try again.',
  { detail: 'The session store is not available. Try again.', code: 'store_unavailable' }
)

export const refreshToken = token('A refresh token.')
export const elsewhere = error('A page of another origin sent the request.', {
  detail: 'CSRF Failed: the request came from another origin.',
  code: 'csrf_failed'
})
