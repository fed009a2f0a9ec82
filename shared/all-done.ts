/** Waits until each is done, whatever becomes of it, and then throws what the first of those that failed threw. */
export async function allDone(work: readonly Promise<unknown>[]): Promise<void> {
  for (const each of await Promise.allSettled(work)) {
    if (each.status === 'rejected') throw each.reason
  }
}
