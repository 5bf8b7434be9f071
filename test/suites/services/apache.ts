import { runSuite } from '../../fixtures/suite/run.ts'

await runSuite(import.meta.url)
