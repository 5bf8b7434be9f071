import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common'
import type { FastifyReply } from 'fastify'
import { SimpleJwtError } from 'fastify-simplejwt'

/** Sends refusals of the package with their body and headers. Nest would drop both. */
@Catch(SimpleJwtError)
export class RefusalsFilter implements ExceptionFilter {
  catch (error: SimpleJwtError, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>()
    reply.code(error.statusCode).headers(error.headers).send(error.body)
  }
}
