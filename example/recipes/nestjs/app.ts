import 'reflect-metadata'
import { Module } from '@nestjs/common'
import { APP_FILTER, APP_GUARD, HttpAdapterHost, NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import fastify from 'fastify'
import simplejwt, { type SimpleJwtOptions } from 'fastify-simplejwt'
import { AccessTokenGuard } from './access-token.guard.ts'
import { RefusalsFilter } from './refusals.filter.ts'
import { TOKENS } from './tokens.ts'
import { UsersController } from './users.controller.ts'

@Module({
  controllers: [UsersController],
  providers: [
    { provide: APP_GUARD, useClass: AccessTokenGuard },
    { provide: APP_FILTER, useClass: RefusalsFilter },
    {
      provide: TOKENS,
      inject: [HttpAdapterHost],
      useFactory: ({ httpAdapter }: HttpAdapterHost<FastifyAdapter>) =>
        httpAdapter.getInstance().tokens
    }
  ]
})
class AppModule {}

/**
 * Builds a Nest app. Nest brings a separate Fastify, which may be older than the package allows.
 * This one is the app's.
 */
export async function buildNestApp (options: SimpleJwtOptions): Promise<NestFastifyApplication> {
  const server = fastify()
  await server.register(simplejwt, options)
  return NestFactory.create<NestFastifyApplication>(
    AppModule, new FastifyAdapter(server), { logger: false })
}
