/**
 * Lets callers that ask for the same key at the same time share one piece of work. Nothing is kept
 * once it has settled; a failure is everyone's who waited for it.
 */
export function createSingleFlight<Value>(): (key: string, work: () => Promise<Value>) => Promise<Value> {
  const underWay = new Map<string, Promise<Value>>()

  return (key, work) => {
    const current = underWay.get(key)
    if (current !== undefined) return current
    const started = work().finally(() => underWay.delete(key))
    underWay.set(key, started)
    return started
  }
}
