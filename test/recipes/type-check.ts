import { relative } from 'node:path'
import t from 'tap'
import ts from 'typescript'

function configOf (project: string): ts.ParsedCommandLine {
  const config = ts.getParsedCommandLineOfConfigFile(project, { noEmit: true }, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
      throw new Error(ts.flattenDiagnosticMessageText(messageText, ' '))
    }
  })
  if (config === undefined) throw new Error(`${project} cannot be read`)
  return config
}

/** Each file of a library is parsed once for all programs. */
const parsed = new Map<string, ts.SourceFile | undefined>()

/** Returns what the compiler reports for projects with the same options. */
function faultsOf (...projects: string[]): string[] {
  const configs = projects.map(configOf)
  const { options } = configs.at(-1) as ts.ParsedCommandLine
  const host = ts.createCompilerHost(options)
  const { getSourceFile } = host
  host.getSourceFile = (name, ...rest) => {
    if (!parsed.has(name)) parsed.set(name, getSourceFile(name, ...rest))
    return parsed.get(name)
  }
  const files = configs.flatMap(({ fileNames }) => fileNames)
  return ts.getPreEmitDiagnostics(ts.createProgram(files, options, host))
    .map(({ file, start = 0, messageText }) => {
      const line = file?.getLineAndCharacterOfPosition(start).line ?? -1
      const name = relative('', file?.fileName ?? '')
      return `${name}:${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
    })
}

t.test('the recipes type-check strictly, with the types of their libraries', async t => {
  t.same(faultsOf('example/recipes/tsconfig.json'), [])
})

t.test('the apps with GraphQL and NestJS do so, too', async t => {
  t.same(faultsOf('example/recipes/graphql/tsconfig.json', 'example/recipes/nestjs/tsconfig.json'),
    [])
})

t.test('the MCP server does so, except for the types of its SDK', async t => {
  t.same(faultsOf('example/recipes/mcp-server/tsconfig.json'), [])
})
