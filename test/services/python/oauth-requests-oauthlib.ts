import t from 'tap'
import { requestsOauthlib } from '../../fixtures/oauth/python-app.ts'
import { testPythonFlows } from '../../fixtures/oauth/python-flows.ts'

testPythonFlows(t, requestsOauthlib())
