import { oauthAuthorizeMutations } from './authorize.ts'
import { oauthClientMutations } from './clients.ts'
import { oauthDecisionMutations } from './decision.ts'
import { oauthDemoMutations } from './demo.ts'
import { oauthDocumentMutations } from './documents.ts'
import { oauthGrantMutations } from './grants.ts'
import { oauthGuardMutations } from './guards.ts'
import { oauthIntrospectionMutations } from './introspection.ts'
import { oauthLessonMutations } from './lesson.ts'
import { oauthMcpAttackMutations } from './mcp-attacks.ts'
import { oauthMcpConformanceMutations } from './mcp-conformance.ts'
import { mcpServerMutations } from './mcp-server.ts'
import { oauthOpenIdMutations } from './openid.ts'
import { oauthOpenIdAttackMutations } from './openid-attacks.ts'
import { oauthOpenIdRuleMutations } from './openid-rules.ts'
import { oauthProtectedResourceMutations } from './protected-resource.ts'
import { oauthRaceMutations } from './races.ts'
import { oauthRevocationMutations } from './revocation.ts'
import { oauthSessionMutations } from './sessions.ts'
import { oauthTokenEndpointMutations } from './token-endpoint.ts'

/** Checks of the authorization server, and of the core for its tokens and sessions. */
export const oauthMutations = [
  ...oauthAuthorizeMutations,
  ...oauthClientMutations,
  ...oauthDecisionMutations,
  ...oauthDemoMutations,
  ...oauthDocumentMutations,
  ...oauthGrantMutations,
  ...oauthGuardMutations,
  ...oauthIntrospectionMutations,
  ...oauthLessonMutations,
  ...oauthMcpAttackMutations,
  ...oauthMcpConformanceMutations,
  ...mcpServerMutations,
  ...oauthOpenIdMutations,
  ...oauthOpenIdAttackMutations,
  ...oauthOpenIdRuleMutations,
  ...oauthProtectedResourceMutations,
  ...oauthRaceMutations,
  ...oauthRevocationMutations,
  ...oauthSessionMutations,
  ...oauthTokenEndpointMutations
]
