import t from 'tap'
import { testLeaks } from '../../fixtures/leaks/find-leaks.ts'
import { testOAuthLeaks } from '../../fixtures/leaks/find-oauth-leaks.ts'
import { sharedRedis } from '../../fixtures/servers/store-urls.ts'
import { dumped } from '../../fixtures/stores/store-dumps.ts'

testLeaks(t, dumped(sharedRedis))
testOAuthLeaks(t, dumped(sharedRedis))
