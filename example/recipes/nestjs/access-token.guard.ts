import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type RequiredClaims, authenticate, requireClaims } from 'fastify-simplejwt'

/** Opens a handler, or a controller, to everybody. */
export const Public = Reflector.createDecorator<void, true>({ transform: () => true })

/** Claims that the token must have: `@Requires({ role: 'admin' })`. */
export const Requires = Reflector.createDecorator<RequiredClaims>()

/** Guards every handler by the access token, and sets `request.user`. */
@Injectable()
export class AccessTokenGuard implements CanActivate {
  private readonly reflector: Reflector

  constructor (reflector: Reflector) {
    this.reflector = reflector
  }

  async canActivate (context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()]
    if (this.reflector.getAllAndOverride(Public, targets)) return true
    const http = context.switchToHttp()
    const request = http.getRequest<FastifyRequest>()
    const reply = http.getResponse<FastifyReply>()
    await authenticate(request, reply)
    // A handler and its controller may both require claims. All of them count.
    for (const required of this.reflector.getAll(Requires, targets)) {
      if (required !== undefined) await requireClaims(required)(request, reply)
    }
    return true
  }
}
