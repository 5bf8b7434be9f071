import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { RotationResult, SessionStore } from '../stores/store.ts'
import { ACCESS_LIFETIME, NOW, presentation, session } from './case.ts'

/** A call of a store method, as a message to another process. */
export interface Call { verb: Exclude<keyof SessionStore, 'shared' | 'counters'>, given: unknown[] }

/** Simultaneous calls at a time of the wall clock, in milliseconds. */
export interface Work { at: number, calls: Call[] }

/** The store as another process sees it. */
export interface OtherProcess {
  /** Makes the calls in the other process at that time. Returns their results. */
  work(work: Work): Promise<unknown[]>
  end(): Promise<void>
}

/** One case for a store that two processes share. */
export interface SharedCase {
  name: string
  run(store: SessionStore, other: OtherProcess): Promise<void>
}

/** Starts a process that opens the store `name` with the default export of `module`. */
export async function otherProcess (module: string | URL, name: string): Promise<OtherProcess> {
  const child = fork(new URL(`./other-process${extname(import.meta.url)}`, import.meta.url), [
    String(module), name
  ])
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`The other process exited with code ${code}.`)
  })
  exited.catch(() => {})
  const answer = async (): Promise<unknown> =>
    ((await Promise.race([once(child, 'message'), exited])) as [unknown])[0]
  await answer()
  return {
    async work (work) {
      child.send(work)
      const results = await answer()
      return Array.isArray(results) ? results : assert.fail((results as { failed: string }).failed)
    },
    async end () {
      child.disconnect()
      await exited.catch(() => {})
    }
  }
}

/** Runs calls in both processes at the same time. */
async function atOnce (
  other: OtherProcess, here: (() => Promise<unknown>)[], calls: Call[]
): Promise<unknown[]> {
  const at = Date.now() + 20
  const there = other.work({ at, calls })
  await delay(at - Date.now())
  return [...await Promise.all(here.map(call => call())), ...await there]
}

const outcomes = (results: unknown[]): string[] =>
  (results as RotationResult[]).map(({ outcome }) => outcome)

/** Cases of a store that processes share. */
export const shared: SharedCase[] = [
  {
    name: 'two processes: give 50 simultaneous presentations one successor, twenty times',
    async run (store, other) {
      for (let round = 0; round < 20; round++) {
        const sid = `s${round}`
        await store.create(session({ sid }))
        const rotations = Array.from({ length: 50 }, (_, index) =>
          presentation('t0', `next${index}`, NOW, { sid })
        )
        const results = await atOnce(
          other,
          rotations.slice(0, 25).map(rotation => () => store.rotate(rotation)),
          rotations.slice(25).map(rotation => ({ verb: 'rotate', given: [rotation] }))
        )
        assert.equal(
          outcomes(results).filter(outcome => outcome === 'rotated').length, 1, `round ${round}`
        )
        assert.equal(
          outcomes(results).filter(outcome => outcome === 'replayed').length, 49, `round ${round}`
        )
        assert.equal(
          new Set((results as RotationResult[]).map(result => result.session?.jti)).size,
          1,
          `round ${round}`
        )
      }
    }
  },
  {
    name: 'two processes: rotate once of 50 with a reuse interval of 0, and revoke the session',
    async run (store, other) {
      for (let round = 0; round < 20; round++) {
        const sid = `s${round}`
        await store.create(session({ sid }))
        const rotations = Array.from({ length: 50 }, (_, index) =>
          presentation('t0', `next${index}`, NOW, { sid, reuseInterval: 0 })
        )
        const results = await atOnce(
          other,
          rotations.slice(0, 25).map(rotation => () => store.rotate(rotation)),
          rotations.slice(25).map(rotation => ({ verb: 'rotate', given: [rotation] }))
        )
        assert.deepEqual(
          outcomes(results).sort(), [...Array(48).fill('ended'), 'reused', 'rotated'],
          `round ${round}`
        )
        assert.equal((await store.find(sid))?.revokedAt, NOW, `round ${round}`)
      }
    }
  },
  {
    name: 'two processes: a revoke in one wins against a refresh in the other',
    async run (store, other) {
      for (let round = 0; round < 50; round++) {
        const sid = `s${round}`
        await store.create(session({ sid }))
        await atOnce(
          other,
          [() => store.revoke(sid, NOW)],
          [{ verb: 'rotate', given: [presentation('t0', 't1', NOW, { sid })] }]
        )
        const calls = ['t0', 't1'].map((jti): Call => ({
          verb: 'rotate',
          given: [presentation(jti, 't2', NOW, { sid })]
        }))
        assert.deepEqual(
          outcomes(await other.work({ at: 0, calls })), ['ended', 'ended'], `round ${round}`
        )
      }
    }
  },
  {
    name: 'two processes: adopt a token at most once',
    async run (store, other) {
      for (let round = 0; round < 20; round++) {
        const adopted = session({ sid: `s${round}`, adoptedUntil: NOW + 1 })
        await atOnce(
          other,
          [
            () => store.adopt(adopted),
            () => store.rotate(presentation('t0', 't1', NOW, { sid: adopted.sid }))
          ],
          [{ verb: 'adopt', given: [adopted] }]
        )
        const { outcome } = await store.rotate(presentation('t0', 't2', NOW, { sid: adopted.sid }))
        assert.notEqual(outcome, 'reused')
        await other.work({ at: 0, calls: [{ verb: 'adopt', given: [adopted] }] })
        assert.notEqual((await store.find(adopted.sid))?.jti, 't0', `round ${round}`)
      }
    }
  },
  {
    name: 'two processes: one lists the sessions that the other has revoked',
    async run (store, other) {
      await store.create(session())
      await store.revoke('s', NOW)
      assert.deepEqual(
        await other.work({ at: 0, calls: [{ verb: 'revokedSince', given: [NOW] }] }),
        [[{ sid: 's', revokedAt: NOW, accessExpiresAt: NOW + ACCESS_LIFETIME }]]
      )
    }
  }
]
