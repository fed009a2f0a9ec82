/** The local gateway with the products' bundled code, which logs to a file as that of `npm start` does. */
import { join } from 'node:path'
import { routes } from '../../functions/routes.ts'
import { openGatewayPort } from '../../local/gateway/gateway.ts'
import { openLog } from '../../local/gateway/open-log.ts'

const gateway = await openGatewayPort(0)
const { CODE: code = '' } = process.env
const environment = Object.fromEntries(Object.entries(process.env).map(([name, value]) => [name, value ?? '']))
const described = {
  ...{ id: 'Products', construct: 'Products', path: 'bench/Products', handler: 'index.handler', environment: {} },
  ...{ code, timeoutSeconds: 15, memoryMiB: 512 },
}
gateway.serve({
  routes: routes
    .filter((route) => route.function === 'products')
    .map(({ method, path }) => ({ method, path, needsIam: false, function: described })),
  environment,
  output: await openLog(join(code, 'functions.log')),
})
process.send?.(gateway.port)
