/*
 * The lesson of oauth.html. The page plays the app "Photo Printer". Its steps are in
 * oauth-request.js and oauth-tokens.js, and what it knows is in oauth-app.js.
 */

import { commandOf } from './exchange.js'
import { app, robot, user } from './oauth-app.js'
import { ask, askEvil, go, goOn, makeSecret, startOver, takeAnswer } from './oauth-request.js'
import {
  exchange, guess, listSessions, logIn, readMe, readPhotos, refresh, robotReadsMe, robotToken,
  sendReport, steal
} from './oauth-tokens.js'
import { byId, conditions, enable, onPress, say } from './page.js'
import { get, send } from './requests.js'
import { showTimes } from './times.js'

/** Before anything else: the code must not stay in the address bar. */
const answered = takeAnswer()
const server = { oauth: false, docs: false, issuer: undefined }

Object.assign(conditions, {
  oauth: () => server.oauth,
  fresh: () => app.verifier !== undefined && !app.isAnswered,
  asked: () => app.authorization !== undefined && !app.isAnswered,
  answered: () => app.isAnswered === true,
  code: () => app.code !== undefined && app.access === undefined,
  app: () => app.access !== undefined,
  me: () => user.access !== undefined,
  robot: () => robot.access !== undefined
})

const actions = {
  'make-secret': makeSecret,
  'ask-now': ask,
  'ask-evil': askEvil,
  go,
  'exchange-now': exchange,
  'exchange-guess': guess,
  'start-over': startOver,
  'use-photos': readPhotos,
  'use-me': readMe,
  'use-refresh': refresh,
  steal,
  'connect-again': startOver,
  'login-form': logIn,
  'list-sessions': listSessions,
  'robot-token': robotToken,
  'robot-report': sendReport,
  'robot-me': robotReadsMe
}

for (const [id, act] of Object.entries(actions)) onPress(byId(id), act)

/** Asks what the server can do. An app finds the issuer by the metadata (RFC 8414). */
async function discover () {
  Object.assign(server, (await send(get('/lesson.json'))).answer)
  document.body.classList.add(server.oauth ? 'open' : 'closed')
  if (!server.oauth) return say('notice', 'OAuth is off on this server.', false)
  const { answer } = await send(get('/.well-known/oauth-authorization-server'))
  server.issuer = answer?.issuer
}

function showPrinter () {
  const more = server.issuer === 'http://127.0.0.1:8000' ? '' : `ISSUER=${server.issuer} `
  byId('printer-command').replaceChildren(commandOf('shell', `${more}npm run printer`))
}

await discover().catch(error => say('notice', error.message, false))
document.body.classList.add(
  conditions.crypto() ? 'secure' : 'insecure',
  server.docs ? 'docs' : 'undocumented'
)
if (server.oauth) showPrinter()
if (answered !== undefined && server.oauth) goOn(answered, server.issuer)
enable()
setInterval(showTimes, 1000)
