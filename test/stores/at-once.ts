import t from 'tap'
import { answerOf, atOnce } from '../../plugin/stores/at-once.ts'

t.test('atOnce: the promise is fulfilled, and its answer can be read at once', async t => {
  for (const value of ['answer', null, undefined, false]) {
    const promise = atOnce(() => value)
    t.strictSame(answerOf(promise), { value })
    t.equal(await promise, value)
  }
})

t.test('atOnce: rejects when the work throws', async t => {
  const promise = atOnce(() => { throw new Error('late') })
  t.equal(answerOf(promise), undefined)
  await t.rejects(promise, { message: 'late' })
})

t.test('answerOf: knows no answer of another promise', async t => {
  const promise = atOnce(() => 'answer')
  t.equal(answerOf(promise.then(value => value)), undefined)
  t.equal(answerOf(Promise.resolve('answer')), undefined)
  t.equal(answerOf(undefined as unknown as Promise<void>), undefined)
})
