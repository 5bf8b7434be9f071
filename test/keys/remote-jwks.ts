import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { unhandledRejections } from '../fixtures/rejections.ts'
import { A, B, type Issuer, buildRemoteKeys as build } from '../fixtures/tokens/remote-keys.ts'

const AWAY = '503 keys_unavailable 1'
const rejections = unhandledRejections(t)

/** Between each two fetches, in milliseconds. */
const gapsOf = ({ asked }: Issuer): number[] =>
  asked.slice(1).map((time, index) => time - (asked[index] as number))
const shortestGap = (issuer: Issuer): number => Math.min(...gapsOf(issuer))

t.test('any number of simultaneous first requests asks the issuer once', async t => {
  const { issuer, remote, tryKid, counts } = await build(t, undefined)
  const started = remote.start()
  t.same(
    new Set(await Promise.all(Array.from({ length: 1000 }, () => tryKid('a')))), new Set(['known'])
  )
  await started
  t.equal(issuer.asked.length, 1)
  t.equal(counts.changed, 1)
})

t.test('remote JWKS: answers 503 at once while 2000 requests wait', async t => {
  const { issuer, remote, tryKid } = await build(t, undefined, { isSlow: true })
  const answers = Array.from({ length: 2100 }, () => tryKid('a'))
  t.same(await Promise.all(answers.slice(2000)), Array(100).fill(AWAY))
  t.equal(issuer.asked.length, 1)
  remote.stop()
  await Promise.all(answers)
})

t.test('remote JWKS: fetches nothing for an algorithm that no JWKS publishes', async t => {
  const { issuer, remote } = await build(t, undefined, { isAway: true })
  for (const alg of ['HS256', 'none', 'bogus', '__proto__', '']) {
    t.equal(remote.ring.missing?.(alg, 'x'), undefined, alg)
  }
  t.equal(issuer.asked.length, 0)
})

t.test('a known kid with another algorithm is a bad token, not a key that is missing', async t => {
  const { issuer, remote } = await build(t, 50)
  await remote.start()
  issuer.isAway = true
  await delay(60)
  t.equal(remote.ring.missing?.('ES256', 'a'), undefined)
  const header = { alg: 'ES256', kid: 'a' }
  t.equal(remote.ring.verify({ header, signed: 'e30.e30', signature: Buffer.alloc(64) }), false)
  t.equal(issuer.asked.length, 1)
})

t.test('remote JWKS: fetches once for simultaneous requests before start()', async t => {
  const { issuer, tryKid } = await build(t, undefined)
  t.same(await Promise.all([tryKid('a'), tryKid('b'), tryKid(undefined)]), [
    'known', 'unknown', 'known'
  ])
  t.equal(issuer.asked.length, 1)
})

t.test('a known kid never asks, and never waits', async t => {
  const { issuer, remote } = await build(t, 1)
  await remote.start()
  await delay(10)
  for (let turn = 0; turn < 100; turn++) t.equal(remote.ring.missing?.('EdDSA', 'a'), undefined)
  t.equal(issuer.asked.length, 1)
})

t.test('a flood of unknown kids asks the issuer once per cooldown', async t => {
  const cooldown = 100
  const { issuer, remote, tryKid, counts } = await build(t, cooldown)
  await remote.start()
  const begun = performance.now()
  const answers = new Map<string, number>()
  for (let count = 0; performance.now() - begun < 450; count++) {
    const answer = await tryKid(`kid ${count}`)
    answers.set(answer, (answers.get(answer) ?? 0) + 1)
    if (count % 100 === 0) await delay(1)
  }
  t.same([...answers.keys()], ['unknown'])
  t.comment(`${answers.get('unknown')} kids, ${issuer.asked.length} fetches`)
  t.ok(issuer.asked.length >= 3)
  t.ok(shortestGap(issuer) >= cooldown - 1)
  t.equal(counts.changed, 1)
})

t.test('remote JWKS: learns a new key from its first token after the cooldown', async t => {
  const { issuer, remote, tryKid, counts } = await build(t, 500)
  await remote.start()
  issuer.keys = [A, B]
  t.equal(await tryKid('b'), 'unknown')
  await delay(510)
  t.same(await Promise.all([tryKid('b'), tryKid('b')]), ['known', 'known'])
  t.equal(issuer.asked.length, 2)
  t.equal(counts.changed, 2)
})

t.test('while the issuer fails, known keys go on and unknown ones are a 503', async t => {
  const { issuer, remote, tryKid, lines, counts } = await build(t, 50)
  await remote.start()
  issuer.isAway = true
  await delay(60)
  for (let turn = 0; turn < 20; turn++) {
    t.same(await Promise.all([tryKid('a'), tryKid('b')]), ['known', AWAY])
    await delay(10)
  }
  t.ok(issuer.asked.length >= 3)
  t.ok(shortestGap(issuer) >= 49)
  // One may be under way.
  t.ok([1, 2].includes(issuer.asked.length - lines.length), 'each failure is logged')
  t.match(lines, lines.map(() => ({ level: 40, err: { message: 'nobody there' } })))

  issuer.isAway = false
  issuer.keys = [A, B]
  await delay(70)
  t.same(
    await Promise.all([tryKid('a'), tryKid('b'), tryKid('c')]),
    ['known', 'known', 'unknown'],
    'it is back'
  )
  t.equal(counts.changed, 2)
})

t.test('remote JWKS: answers 503 until a fetch succeeds, and retries by itself', async t => {
  const { issuer, remote, tryKid } = await build(t, undefined, { isAway: true })
  await remote.start()
  t.same(await Promise.all([tryKid('a'), tryKid(undefined), tryKid('b')]), [AWAY, AWAY, AWAY])
  issuer.isAway = false
  await delay(300)
  t.equal(issuer.asked.length, 2, 'without anybody asking for a key')
  t.same(await Promise.all([tryKid('a'), tryKid('b')]), ['known', 'unknown'])
})

t.test('remote JWKS: retries after 250 ms, and doubles the wait up to the cooldown', async t => {
  const { issuer, remote } = await build(t, 600, { isAway: true })
  await remote.start()
  await delay(2300)
  const gaps = gapsOf(issuer)
  for (const [index, least] of [250, 500, 600].entries()) {
    t.ok((gaps[index] as number) >= least - 1, `${gaps[index]}`)
  }
})

t.test('remote JWKS: sends a Retry-After of at most two seconds', async t => {
  const { remote, tryKid } = await build(t, 5000, { isAway: true })
  await remote.start()
  for (let turn = 0; turn < 4; turn++) await remote.start()
  t.equal(await tryKid('a'), '503 keys_unavailable 2', 'two seconds at most, whatever the cooldown')
})

t.test('remote JWKS: refetches expired keys, drops missing ones, reports only changes', async t => {
  const { issuer, remote, counts } = await build(t, 40, { keys: [A, B], maxAge: 0 })
  await remote.start()
  await delay(130)
  t.ok(issuer.asked.length >= 2)
  t.ok(shortestGap(issuer) >= 39, 'not more often than the cooldown')
  t.equal(counts.changed, 1)
  t.ok(remote.ring.knows('EdDSA', 'b'))
  issuer.keys = [A]
  await delay(100)
  t.equal(counts.changed, 2)
  t.same([remote.ring.knows('EdDSA', 'a'), remote.ring.knows('EdDSA', 'b')], [true, false])
  issuer.keys = [{ ...B, kid: 'a' }]
  await delay(100)
  t.equal(counts.changed, 3, 'another key under the same kid is a change')
})

t.test('remote JWKS: caps a max-age that no timer can hold', async t => {
  const { issuer, remote } = await build(t, 1, { maxAge: 1e12 })
  await remote.start()
  await delay(50)
  t.equal(issuer.asked.length, 1)
})

t.test('stop: cancels timer and fetch, answers 503 to waiting requests, logs nothing', async t => {
  const { issuer, remote, tryKid, lines } = await build(t, 20, { maxAge: 0 })
  await remote.start()
  issuer.isSlow = true
  await delay(40)
  const waiting = Promise.all([tryKid('b'), tryKid('a')])
  t.equal(issuer.asked.length, 2)
  remote.stop()
  t.same(await waiting, [AWAY, 'known'])
  await delay(400)
  t.equal(issuer.asked.length, 2)
  t.equal(await tryKid('b'), AWAY)
  t.same(lines, [])

  const idle = await build(t, 20, { maxAge: 0 })
  await idle.remote.start()
  idle.remote.stop()
  await delay(60)
  t.equal(idle.issuer.asked.length, 1)
})

t.test('remote JWKS: leaves no unhandled rejection', async t => t.same(rejections, []))
