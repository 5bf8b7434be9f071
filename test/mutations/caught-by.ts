import type { Mutation } from './list.ts'

/** The name of a group of mutations, and the folders of their sources and tests. */
export interface Group { name: string, source: string, tests: string }

/** A check, and the text whose replacement breaks it. */
export type Edit = [check: string, find: string, replace: string]

const mutation = (
  { name, source, tests: folder }: Group, file: string, [check, ...edit]: Edit, tests: string[]
): Mutation => ({
  check: `${name}: ${check}`,
  file: `${source}/${file}`,
  edits: [edit],
  tests: tests.map(test => `${folder}/${test}`)
})

/** Builds the mutations of a file that one test catches. */
export const caughtByOne = (group: Group) =>
  (file: string, test: string, ...edits: Edit[]): Mutation[] =>
    edits.map(edit => mutation(group, file, edit, [test]))

/** Builds the mutations of a file, each with the tests that catch it. */
export const caughtByEach = (group: Group) =>
  (file: string, ...mutations: [...edit: Edit, ...tests: string[]][]): Mutation[] =>
    mutations.map(([check, find, replace, ...tests]) =>
      mutation(group, file, [check, find, replace], tests))
