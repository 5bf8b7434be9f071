import { EventEmitter } from 'node:events'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { createLiveSockets } from '../../example/recipes/live-sockets.ts'
import { START } from '../fixtures/recipes/clock.ts'

/** A socket that keeps the reason of its close. */
class Socket extends EventEmitter {
  reason: string | undefined

  close (_code: number, reason: string): void {
    this.reason = reason
    this.emit('close')
  }
}

const EXP = START / 1000 + 300

/** Runs a function with fake timers. The test tool has timers too, so it must not wait. */
function withFakeTimers (t: Test, run: () => void): void {
  mock.timers.enable({ apis: ['Date', 'setTimeout'], now: START })
  try {
    run()
  } finally {
    mock.timers.reset()
  }
  t.ok(true)
}

t.test('a socket closes at the time of its token', async t => {
  const socket = new Socket()
  withFakeTimers(t, () => {
    createLiveSockets().add(socket, 'a', EXP)
    mock.timers.tick(299_999)
    t.equal(socket.reason, undefined)
    mock.timers.tick(1)
    t.equal(socket.reason, 'token expired')
  })
})

t.test('a later token of the session extends the time', async t => {
  const [socket, other] = [new Socket(), new Socket()]
  withFakeTimers(t, () => {
    const sockets = createLiveSockets()
    sockets.add(socket, 'a', EXP)
    sockets.add(other, 'a', EXP)
    mock.timers.tick(200_000)
    sockets.add(socket, 'a', EXP + 200)
    mock.timers.tick(100_000)
    t.equal(other.reason, 'token expired')
    t.equal(socket.reason, undefined)
    mock.timers.tick(200_000)
    t.equal(socket.reason, 'token expired')
  })
  t.equal(socket.listenerCount('close'), 1)
})

t.test('the end of a session closes its sockets, and no other', async t => {
  const sockets = createLiveSockets()
  const [socket, gone, other] = [new Socket(), new Socket(), new Socket()]
  const exp = Date.now() / 1000 + 300
  sockets.add(socket, 'a', exp)
  sockets.add(gone, 'a', exp)
  sockets.add(other, 'b', exp)
  gone.emit('close')
  sockets.close('a')
  t.equal(socket.reason, 'logged out')
  t.equal(gone.reason, undefined)
  t.equal(other.reason, undefined)
  other.emit('close')
  sockets.close('b')
  t.equal(other.reason, undefined, 'a closed socket is forgotten, and its timer is cleared')
})
