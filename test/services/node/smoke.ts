import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { fetchNode } from '../../fixtures/servers/other-node.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'

const run = promisify(execFile)

const EXPECTED = {
  wrong: 401, login: 200, refresh: 200, isReplay: true, before: 200, logout: 200, after: 401
}

for (const major of [22, 24, 26]) {
  const node = await fetchNode(major)
  const skip = skipUnless(node, `a Node ${major}, which npx could fetch,`)
  t.test(`the built package logs in, refreshes and logs out on Node ${major}`, { skip }, async t => {
    const { stdout } = await run(node as string, ['test/fixtures/smoke.js'])
    const { version, results } = JSON.parse(stdout)
    t.match(version, `v${major}.`)
    t.strictSame(results, [EXPECTED, EXPECTED], 'with the stores memory and node:sqlite')
  })
}
