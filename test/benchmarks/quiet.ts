import t from 'tap'
import {
  type CpuTime, type Quiet, cpuTime, parseCpuTime, quietSentence, sharesBetween
} from '../../benchmarks/quiet.ts'

const STAT = 'cpu  100 20 30 800 10 1 2 37 5 6\ncpu0 1 2 3 4 5 6 7 8 9 10\n'
const SELF = '42 (a (b) c) R 1 1 1 0 -1 4194304 100 0 0 0 11 12 13 14 20 0 1 0 86 31 38 184\n'

t.test('parseCpuTime: sums processes, and this process with its ended children', async t => {
  t.same(parseCpuTime(STAT, SELF), { whole: 1000, busy: 150, stolen: 37, ours: 50 })
})

t.test('cpuTime: grows with the work of this process', { skip: !cpuTime() }, async t => {
  const before = cpuTime() as CpuTime
  const { user } = process.cpuUsage()
  while (process.cpuUsage().user - user < 50_000);
  const after = cpuTime() as CpuTime
  t.ok(after.ours > before.ours)
  t.ok(after.whole > before.whole)
})

t.test('sharesBetween: leaves out this run, and is never negative', async t => {
  const before = { whole: 1000, busy: 100, stolen: 5, ours: 50 }
  t.same(
    sharesBetween(before, { whole: 2000, busy: 700, stolen: 25, ours: 600 }),
    { others: 0.05, stolen: 0.02 }
  )
  t.same(
    sharesBetween(before, { whole: 2000, busy: 700, stolen: 5, ours: 660 }),
    { others: 0, stolen: 0 }
  )
  t.same(sharesBetween(before, before), { others: 0, stolen: 0 })
})

t.test('quietSentence: says the shares, and quiet only if all are small', async t => {
  const quiet: Quiet = { others: 0.03, stolen: 0.01, apart: 0.05 }
  t.equal(
    quietSentence(quiet),
    'The machine was quiet: other processes took 3.0 % of its CPU time, its host took 1.0 %, ' +
    'and two equal sides were at most 5.0 % apart.'
  )
  for (const [name, share] of Object.entries(quiet)) {
    t.match(quietSentence({ ...quiet, [name]: share + 0.001 }), 'was not quiet: ', name)
  }
})
