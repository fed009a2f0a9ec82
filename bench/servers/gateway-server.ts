/** The local gateway with the products' bundled code. */
import { PassThrough } from 'node:stream'
import { routes } from '../../functions/routes.ts'
import { openGatewayPort } from '../../local/gateway/gateway.ts'

const gateway = await openGatewayPort(0)
const environment = Object.fromEntries(Object.entries(process.env).map(([name, value]) => [name, value ?? '']))
const described = {
  ...{ id: 'Products', construct: 'Products', path: 'bench/Products', handler: 'index.handler', environment: {} },
  ...{ code: process.env.CODE ?? '', timeoutSeconds: 15, memoryMiB: 512 },
}
gateway.serve({
  routes: routes
    .filter((route) => route.function === 'products')
    .map(({ method, path }) => ({ method, path, needsIam: false, function: described })),
  environment,
  output: new PassThrough().resume(),
})
process.send?.(gateway.port)
