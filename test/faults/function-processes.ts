import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { type FunctionName, routes } from '../../functions/routes.ts'
import { bundleFunction as bundle } from '../../infra/bundling/bundle-function.ts'
import { createFunctionPool, type FunctionPool } from '../../local/gateway/function-pool.ts'
import { type GatewayPort, openGatewayPort } from '../../local/gateway/gateway.ts'
import type { TemplateFunction } from '../../local/gateway/read-template.ts'
import { projectFolder } from '../support/project-folder.ts'

/** A function of the application plane, bundled, in processes of its own that have this process's variables. */
export interface BundledFunction {
  readonly described: TemplateFunction
  readonly environment: Readonly<Record<string, string>>
  open(): FunctionPool
  /** What the pool's processes have printed last, but for their log. */
  said(): string
  /** One process by itself, which speaks as local/gateway/function-process.ts does. */
  fork(): ChildProcess
  remove(): void
}

export async function bundleFunction(name: string, timeoutSeconds: number): Promise<BundledFunction> {
  const code = mkdtempSync(join(tmpdir(), 'atrium-faults-'))
  await bundle(`functions/${name}/handler.ts`, code)
  const described = {
    ...{ id: name, construct: name, path: `Stack/${name}`, code, handler: 'index.handler', environment: {} },
    ...{ timeoutSeconds, memoryMiB: 512 },
  }
  const environment = Object.fromEntries(
    Object.entries(process.env).flatMap(([variable, value]) =>
      value !== undefined && /^(?:ATRIUM|AWS|SHARED|BASE|CORS|CONNECTION)_/.test(variable) ? [[variable, value]] : [],
    ),
  )
  // What a process that died said last; log lines are not of interest.
  let said = ''
  const output = new PassThrough().setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text.replace(/^\{"timestamp":"[^"]*","level":"(?:INFO|WARN)".*\n/gm, '')}`.slice(-4_000)
  })
  return {
    described,
    environment,
    said: () => said,
    open: () => createFunctionPool(described, { environment, output }),
    fork: () =>
      fork(join(projectFolder, 'local/gateway/function-process.ts'), [join(code, 'index.mjs'), 'handler'], {
        env: environment,
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      }),
    remove: () => rmSync(code, { recursive: true, force: true }),
  }
}

/** The local gateway with one function's routes, on a port of its own. */
export async function openGateway(
  name: FunctionName,
  { described, environment }: BundledFunction,
): Promise<GatewayPort> {
  const gateway = await openGatewayPort(0)
  gateway.serve({
    routes: routes
      .filter((route) => route.function === name)
      .map(({ method, path }) => ({ method, path, needsIam: false, function: described })),
    environment,
    output: new PassThrough().resume(),
  })
  return gateway
}
