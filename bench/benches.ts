import type { Bench } from './bench.ts'
import { coldStart } from './benches/cold-start.ts'
import { fleet } from './benches/fleet.ts'
import { growth } from './benches/growth.ts'
import { handler } from './benches/handler.ts'
import { http } from './benches/http.ts'
import { memory } from './benches/memory.ts'
import { provision } from './benches/provision.ts'
import { read } from './benches/read.ts'
import { roundTrips } from './benches/round-trips.ts'
import { write } from './benches/write.ts'

/** In the order in which they run. */
export const benches: readonly Bench[] = [
  ...[roundTrips, read, handler, write, http, coldStart, provision, fleet, growth, memory],
]
