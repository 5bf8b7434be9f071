import { Controller, Get, HttpCode, Inject, Param, Post } from '@nestjs/common'
import type { AccessClaims, TokenService } from 'fastify-simplejwt'
import { Public, Requires } from './access-token.guard.ts'
import { CurrentUser } from './current-user.ts'
import { TOKENS } from './tokens.ts'

@Controller('users')
export class UsersController {
  private readonly tokens: TokenService

  constructor (@Inject(TOKENS) tokens: TokenService) {
    this.tokens = tokens
  }

  @Public()
  @Get('count')
  count (): object {
    return { count: 2 }
  }

  @Get('me')
  me (@CurrentUser() user: AccessClaims): object {
    return { id: user.user_id }
  }

  @Requires({ role: 'admin' })
  @HttpCode(200)
  @Post(':id/logout')
  async logout (@Param('id') id: string): Promise<object> {
    return { sessions: await this.tokens.revokeUser(id) }
  }
}
