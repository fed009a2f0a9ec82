import { builtinModules } from 'node:module'
import type { Plugin } from 'esbuild'

const filter = /^(?:node:)?[a-z_0-9/]+$/
/** Without Node's private names, some of which a thread lacks: a bundle is the same, byte for byte, whoever makes it. */
const identifier = /^[A-Za-z$][\w$]*$/

/**
 * Gets Node's own modules by `process.getBuiltinModule`. An `import` of one reads all that it exports, and for `node:http` some
 * of that loads undici: 13 ms of a cold start for what we never use. Nothing here is read but what is used.
 */
export const getBuiltins: Plugin = {
  name: 'get-builtins',
  setup(build) {
    build.onResolve({ filter }, ({ path, kind }) => {
      const name = path.replace(/^node:/, '')
      if (!builtinModules.includes(name)) return undefined
      return { path: name, namespace: kind === 'import-statement' ? 'builtin' : 'builtin-whole', sideEffects: false }
    })
    build.onLoad({ filter, namespace: 'builtin' }, ({ path }) => ({ contents: exportsOf(path) }))
    // For what is CommonJS, or imports it when it is needed.
    build.onLoad({ filter, namespace: 'builtin-whole' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('node:${path}')`,
    }))
  },
}

/** Marked as pure, so that esbuild drops what nobody imports. */
function exportsOf(path: string): string {
  const names = Object.keys(process.getBuiltinModule(`node:${path}`) ?? {}).filter((name) => identifier.test(name))
  return [
    `const whole = /* @__PURE__ */ process.getBuiltinModule('node:${path}')`,
    'const get = (name) => whole[name]',
    'export default whole',
    ...names.map((name) => `const $${name} = /* @__PURE__ */ get('${name}'); export { $${name} as ${name} }`),
  ].join('\n')
}
