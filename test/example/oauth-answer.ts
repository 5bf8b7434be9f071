import t from 'tap'

interface Answer { state?: string, iss?: string }
type Check = (answer: Answer, request: { state?: string }, issuer?: string) => string | undefined

const ISSUER = 'http://127.0.0.1:8000'
const { answerProblem } = await import(
  new URL('../../example/public/oauth-answer.js', import.meta.url).href
) as { answerProblem: Check }

const GOOD = { state: 'a state', iss: ISSUER }

t.test('an answer to the request of the tab, from its server, is good', async t => {
  t.equal(answerProblem(GOOD, { state: 'a state' }, ISSUER), undefined)
})

t.test('an answer to another request is dropped', async t => {
  for (const [answer, request] of [
    [GOOD, { state: 'another' }], [GOOD, {}], [{ iss: ISSUER }, {}],
    [{ iss: ISSUER }, { state: 'a state' }], [{ ...GOOD, state: '' }, { state: 'a state' }]
  ] as const) {
    t.equal(answerProblem(answer, request, ISSUER),
      'This answer belongs to no request of this tab.', JSON.stringify([answer, request]))
  }
})

t.test('an answer of another server is dropped', async t => {
  for (const iss of ['http://127.0.0.1:8001', `${ISSUER}/`, undefined]) {
    const answer = { state: 'a state', ...(iss !== undefined && { iss }) }
    t.equal(answerProblem(answer, { state: 'a state' }, ISSUER),
      'This answer comes from another server.', String(iss))
  }
  t.equal(answerProblem({ state: 'a state' }, { state: 'a state' }),
    'This answer comes from another server.', 'the page does not know its server')
})
