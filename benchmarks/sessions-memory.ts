import { setImmediate as nextTurn } from 'node:timers/promises'
import { createRevocations } from '../plugin/sessions/revocation.ts'
import { createSessions } from '../plugin/sessions/lifecycle.ts'
import { memoryStore } from '../plugin/stores/memory.ts'
import type { Session } from '../plugin/stores/session.ts'
import { type Settings, fixed, heapInUse, table } from './harness.ts'
import { USER_AGENT } from './new-session.ts'
import { type Report, atMost } from './report.ts'
import type { Scope } from './scope.ts'

/** The plugin's defaults. */
const lifetimes = {
  refreshTokenLifetime: 86_400_000,
  sessionLifetime: 30 * 86_400_000,
  accessTokenLifetime: 300_000,
  leeway: 0,
  reuseInterval: 10_000,
  rotateRefreshTokens: true,
  replayFrom: 'anywhere'
} as const

/** Headers as they come from the wire. */
const userAgents = Array.from({ length: 100 }, (_, version) =>
  Buffer.from(USER_AGENT.replace('143', `${100 + version}`))
)

/**
 * Bytes of heap that a session takes in `memoryStore()`, started and refreshed as the plugin does
 * it.
 */
export default async function sessionsMemory (
  _t: Scope, { quick, count = quick ? 1000 : 1_000_000 }: Settings
): Promise<Report> {
  const text = `Heap of \`memoryStore()\` with ${fixed(count)} sessions of as many users: ids of 32 and user ids of 7 characters, a user agent of ${USER_AGENT.length}, an IPv4 address, all of them strings of the session's own.\n\n`
  let most = 0
  const rows: string[][] = []
  for (const refreshed of [false, true]) {
    console.error(`sessions-memory: ${refreshed ? 'refreshed once' : 'never refreshed'}`)
    const bytes = await heapOf(count, refreshed)
    most = Math.max(most, bytes / count)
    rows.push([
      refreshed ? 'refreshed once' : 'never refreshed',
      fixed(bytes / count),
      `${fixed(bytes / 2 ** 20, 1)} MiB`
    ])
  }
  return {
    text: text + table(['sessions', 'bytes per session', 'in all'], rows),
    figures: [
      atMost(
        'heap of a live session in `memoryStore()`, user agent included',
        500,
        most,
        value => `${fixed(value)} bytes`
      )
    ]
  }
}

async function heapOf (count: number, refreshed: boolean): Promise<number> {
  const before = heapInUse()
  const store = memoryStore()
  const revocations = createRevocations({
    store,
    interval: 1000,
    accessTokenLifetime: lifetimes.accessTokenLifetime,
    leeway: lifetimes.leeway,
    now: Date.now
  })
  const sessions = createSessions(store, revocations, lifetimes, Date.now)
  for (let number = 0; number < count; number++) {
    const userAgent = userAgents[number % userAgents.length]?.toString() as string
    const session = await sessions.start(flat(`${1_000_000 + number}`), {
      userAgent,
      address: addressOf(number)
    })
    if (refreshed) await refresh(session)
    if (number % 1000 === 0) await nextTurn()
  }
  const bytes = heapInUse() - before
  if (await store.sweep(Infinity) !== count) throw new Error('the store does not hold all sessions')
  return bytes

  async function refresh ({ sid, jti }: Session): Promise<void> {
    const { outcome } = await sessions.rotate({ sid, jti })
    if (outcome !== 'rotated') throw new Error(`a refresh of the current token was ${outcome}`)
  }
}

/**
 * As a string comes from the wire: in one piece, not put together of others that stay in memory.
 */
const flat = (text: string): string => Buffer.from(text).toString()

const addressOf = (number: number): string =>
  flat(`100.${64 + ((number >> 16) & 63)}.${(number >> 8) & 255}.${number & 255}`)
