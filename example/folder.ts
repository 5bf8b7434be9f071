import { fileURLToPath } from 'node:url'

/** Returns the path of a folder of the demo. `dist/` does not hold the files of its pages. */
export const folder = (name: string): string =>
  fileURLToPath(new URL(`${name}/`, import.meta.resolve('fastify-simplejwt-demo/package.json')))
