import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Rotation, RotationResult } from '../rotation.ts'

/** How a store rotates sessions. */
export interface Rotations {
  /** Rotates one session with its own statement. */
  alone(rotation: Rotation): Promise<RotationResult>
  /**
   * Rotates different sessions with one statement. Returns the results in their order, undefined
   * for a row that the statement did not change.
   * @throws Error if the statement may have taken effect, or may still do so
   */
  together(rotations: Rotation[]): Promise<(RotationResult | undefined)[]>
  /** Completes a rotation whose row the common statement did not change. */
  afterwards(rotation: Rotation): Promise<RotationResult>
}

interface Waiting {
  rotation: Rotation
  resolve: (result: RotationResult | Promise<RotationResult>) => void
  reject: (error: unknown) => void
}

/** Rotations of one statement. */
const BATCH_SIZE = 256
/** A statement that waits, for a locked row or on a dead connection, delays the next no longer. */
const PATIENCE_MS = 50

/** Resolves once a statement is over, or after PATIENCE_MS. */
const overOrSlow = (statement: Promise<void>): Promise<void> => new Promise(resolve => {
  const timer = setTimeout(resolve, PATIENCE_MS)
  statement.then(() => {
    clearTimeout(timer)
    resolve()
  })
})

/**
 * Returns `rotate` of a store. Rotations that arrive during a statement go together in the next
 * one, so the database commits once for all. A lone rotation goes alone.
 */
export function rotationBatches (
  { alone, together, afterwards }: Rotations
): (rotation: Rotation) => Promise<RotationResult> {
  /** By sid, since a statement can change a row only once. */
  const waiting = new Map<string, Waiting[]>()
  let isRunning = false

  function enqueue (call: Waiting): void {
    const { sid } = call.rotation
    const ofSession = waiting.get(sid)
    if (ofSession === undefined) waiting.set(sid, [call])
    else ofSession.push(call)
  }

  /**
   * Takes the first rotation of the oldest sessions, in the order of sid. Their others wait again,
   * behind all.
   */
  function nextBatch (): Waiting[] {
    const batch: Waiting[] = []
    for (const [sid, [first, ...others]] of [...waiting].slice(0, BATCH_SIZE)) {
      waiting.delete(sid)
      if (others.length > 0) waiting.set(sid, others)
      batch.push(first as Waiting)
    }
    return batch.sort((a, b) => a.rotation.sid < b.rotation.sid ? -1 : 1)
  }

  /** Never rejects. */
  async function run (batch: Waiting[]): Promise<void> {
    const [first] = batch as [Waiting]
    try {
      if (batch.length === 1) {
        first.resolve(await alone(first.rotation))
        return
      }
      const results = await together(batch.map(({ rotation }) => rotation))
      for (const [index, { rotation, resolve }] of batch.entries()) {
        resolve(results[index] ?? afterwards(rotation))
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  async function runAll (): Promise<void> {
    isRunning = true
    for (let batch = nextBatch(); batch.length > 0; batch = nextBatch()) {
      await overOrSlow(run(batch))
      // The answers of this statement bring further rotations in the same turn of the event loop.
      await nextTurn()
    }
    isRunning = false
  }

  return rotation => new Promise((resolve, reject) => {
    enqueue({ rotation, resolve, reject })
    if (!isRunning) runAll()
  })
}
