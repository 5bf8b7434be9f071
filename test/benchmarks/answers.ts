import t from 'tap'
import { firstAnswer } from '../../benchmarks/answers.ts'

const withLength = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'
const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'
const empty = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'

t.test('answers: are cut off at their length or last chunk', async t => {
  for (const answer of [withLength, chunked, empty]) {
    t.equal(firstAnswer(answer + withLength)?.text, answer)
    for (let length = 0; length < answer.length; length++) {
      t.equal(firstAnswer(answer.slice(0, length)), undefined, `${length} bytes`)
    }
  }
})

t.test('answers: without a length go on until the connection is closed', async t => {
  const answer = 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello'
  t.equal(firstAnswer(answer), undefined)
  t.equal(firstAnswer(answer, true)?.text, answer)
  t.equal(firstAnswer('HTTP/1.1 200 OK\r\n', true), undefined)
})

t.test('answers: tell success, and whether the connection ends', async t => {
  const of = (head: string) => {
    const answer = firstAnswer(`HTTP/1.1 ${head}\r\nContent-Length: 0\r\n\r\n`)
    return [answer?.isGood, answer?.endsConnection]
  }
  t.same(of('200 OK'), [true, false])
  t.same(of('204 No Content\r\nConnection: keep-alive'), [true, false])
  t.same(of('401 Unauthorized\r\nconnection: Close'), [false, true])
  t.same(of('503 Service Unavailable'), [false, false])
})
