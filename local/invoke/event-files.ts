import { routes } from '../../functions/routes.ts'
import type { HttpApiEvent } from '../gateway/create-event.ts'
import { createRouteMatcher } from '../gateway/match-route.ts'
import { type ExampleRequest, exampleRequests, wrongRequests } from './example-requests.ts'
import { makeEvent, type Way } from './make-event.ts'

const match = createRouteMatcher(routes)

/** The event of a request, and the function that it is for. Throws for a request that no route serves. */
export function eventOf(
  request: ExampleRequest,
  { tenant, way }: { readonly tenant: string; readonly way: Way },
): { readonly event: HttpApiEvent; readonly function: string } {
  const matched = match(request.method, request.target.split('?')[0] ?? '')
  if (matched === undefined) throw new Error(`no route serves ${request.method} ${request.target}`)
  return { event: makeEvent(request, { tenant, way, matched }), function: matched.route.function }
}

/** Every file of `events/` by its name, with what it holds: the same at whatever time it is made. */
export function eventFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  const add = (name: string, request: ExampleRequest, way: Way) => {
    const { event } = eventOf(request, { tenant: 'germany', way })
    const time = { requestId: 'JKJaXmPLvHcESHA=', time: '12/Mar/2020:19:03:58 +0000', timeEpoch: 1583348638390 }
    files.set(name, `${JSON.stringify({ ...event, requestContext: { ...event.requestContext, ...time } }, null, 2)}\n`)
  }
  for (const [name, request] of Object.entries(exampleRequests)) {
    add(`${name}.json`, request, 'header')
    add(`${name}.by-domain.json`, request, 'domain')
  }
  for (const [name, request] of Object.entries(wrongRequests)) add(`wrong/${name}.json`, request, 'header')
  return files
}
