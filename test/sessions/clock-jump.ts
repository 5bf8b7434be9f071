import t from 'tap'
import { SYSTEM_CLOCKS, clockJump } from '../../plugin/sessions/clock-jump.ts'
import { MINUTE, SECOND, START, createClock } from '../fixtures/app.ts'

const HOUR = 60 * MINUTE

function build () {
  const clocks = { wall: createClock(), monotonic: createClock(5) }
  const advance = (ms: number): void => {
    clocks.wall.advance(ms)
    clocks.monotonic.advance(ms)
  }
  return { jumpedBy: clockJump(clocks), wall: clocks.wall, advance }
}

t.test('a clock that runs steadily has not jumped', async t => {
  const { jumpedBy, wall, advance } = build()
  for (let minute = 0; minute < 300; minute++) {
    t.equal(jumpedBy(), 0)
    advance(MINUTE)
    wall.advance(SECOND / 2) // drift, which a time server corrects
  }
})

t.test('a jump ahead counts for an hour, whether it goes back or not', async t => {
  const { jumpedBy, wall, advance } = build()
  wall.advance(2 * HOUR)
  for (let minute = 0; minute < 60; minute++) {
    t.equal(jumpedBy(), 2 * HOUR, `after ${minute} minutes`)
    advance(MINUTE)
  }
  t.equal(jumpedBy(), 0, 'the clock is right now')
  wall.advance(-2 * HOUR)
  t.equal(jumpedBy(), 0)
  advance(MINUTE)
  wall.advance(3 * HOUR)
  t.equal(jumpedBy(), 3 * HOUR, 'from the earlier time')
})

t.test('several jumps add up, from the earliest time of the last hour', async t => {
  const { jumpedBy, wall, advance } = build()
  advance(5 * MINUTE)
  wall.advance(MINUTE)
  t.equal(jumpedBy(), MINUTE)
  advance(25 * MINUTE)
  wall.advance(MINUTE)
  t.equal(jumpedBy(), 2 * MINUTE)
  advance(30 * MINUTE)
  t.equal(jumpedBy(), MINUTE, 'the first was an hour ago')
})

t.test('the clocks of the system are in milliseconds', async t => {
  t.ok(Math.abs(SYSTEM_CLOCKS.wall() - Date.now()) < SECOND)
  t.ok(Math.abs(SYSTEM_CLOCKS.monotonic() - performance.now()) < SECOND)
  t.ok(SYSTEM_CLOCKS.wall() > START - 365 * 24 * HOUR)
  t.equal(clockJump()(), 0)
})
