import t from 'tap'
import { authlib } from '../../fixtures/oauth/python-app.ts'
import { testPythonFlows } from '../../fixtures/oauth/python-flows.ts'

testPythonFlows(t, authlib())
