import { requireClaims } from 'fastify-simplejwt'

/** Guards routes that only the user may call, not an administrator who acts as the user. */
export const notImpersonated = requireClaims(({ act }) => act === undefined)
