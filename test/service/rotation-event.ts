import type { FastifyRequest } from 'fastify'
import t from 'tap'
import type { SimpleJwtEvent } from '../../plugin/events.ts'
import { type ReportedRotation, reportRotation } from '../../plugin/service/rotation-event.ts'
import type { Session } from '../../plugin/stores/session.ts'

const SUBJECT = { userId: '1', sid: 's1' }

/** Returns the event of a rotation, and the logger that got it. */
function eventOf (
  rotation: Partial<ReportedRotation>, session: Partial<Session>, address: string | null = null,
  request?: FastifyRequest
): [SimpleJwtEvent, unknown] {
  const events: [SimpleJwtEvent, unknown][] = []
  reportRotation(
    { emit: (event, log) => { events.push([event, log]) } },
    {
      outcome: 'rotated',
      session: { ...SUBJECT, rotatedAddress: null, clientId: null, ...session } as Session,
      ...rotation
    },
    { userAgent: '', address },
    request
  )
  if (events.length !== 1) throw new Error(`${events.length} events`)
  return events[0] as [SimpleJwtEvent, unknown]
}

t.test('rotation event: each outcome has its event', async t => {
  for (const [outcome, type] of [
    ['rotated', 'refreshed'], ['replayed', 'replayed'], ['reused', 'reuse_detected']
  ] as const) {
    t.strictSame(eventOf({ outcome }, {}), [{ type, ...SUBJECT }, undefined])
  }
})

t.test('rotation event: names the client of the session, and what was presented', async t => {
  t.strictSame(eventOf({ outcome: 'reused', what: 'code' }, { clientId: 'app' })[0],
    { type: 'reuse_detected', ...SUBJECT, clientId: 'app', what: 'code' })
})

t.test('rotation event: names the address of the last rotation if it is another', async t => {
  for (const [last, presenting, named] of [
    ['192.0.2.1', '192.0.2.2', true], ['192.0.2.1', '192.0.2.1', false],
    [null, '192.0.2.2', false], ['192.0.2.1', null, false], [null, null, false]
  ] as const) {
    const [event] = eventOf({ outcome: 'replayed' }, { rotatedAddress: last }, presenting)
    t.strictSame(event, {
      type: 'replayed', ...SUBJECT, ...(named && { rotatedAddress: last })
    })
  }
})

t.test('rotation event: has the address and the logger of the request', async t => {
  const request = { ip: '192.0.2.9', log: {} } as FastifyRequest
  const [event, log] = eventOf({}, {}, '192.0.2.9', request)
  t.strictSame(event, { type: 'refreshed', ...SUBJECT, address: '192.0.2.9' })
  t.equal(log, request.log)
})
