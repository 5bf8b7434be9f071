import { type ExecutionContext, createParamDecorator } from '@nestjs/common'
import type { FastifyRequest } from 'fastify'
import type { AccessClaims } from 'fastify-simplejwt'

/** The claims of the access token, as a parameter: `me (@CurrentUser() user: AccessClaims)`. */
export const CurrentUser = createParamDecorator(
  (_data: unknown, context: ExecutionContext): AccessClaims =>
    context.switchToHttp().getRequest<FastifyRequest>().user)
