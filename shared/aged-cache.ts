interface Entry<Value> {
  readonly value: Value
  readonly storedAt: number
}

export interface AgedCache<Value> {
  /** The value stored under `key` within the last `maxAge` milliseconds. */
  get(key: string): Value | undefined
  /** The value stored under `key` at most `age` milliseconds ago, if it is still held. */
  getWithin(key: string, age: number): Value | undefined
  set(key: string, value: Value): void
  delete(key: string): void
  /** Changes values without making them younger. */
  replaceWhere(matches: (value: Value) => boolean, value: Value): void
  deleteWhere(matches: (value: Value) => boolean): void
}

/**
 * A bounded cache whose entries age by the clock and never by a timer, since timers stand still in a
 * frozen function. When full, the entry stored first makes room. `maxAge` is in milliseconds.
 */
export function createAgedCache<Value>(options: {
  readonly maxAge: number
  readonly maxEntries: number
  readonly now?: () => number
}): AgedCache<Value> {
  const now = options.now ?? (() => Date.now())
  const entries = new Map<string, Entry<Value>>()

  const getWithin = (key: string, age: number): Value | undefined => {
    const entry = entries.get(key)
    return entry !== undefined && now() - entry.storedAt < age ? entry.value : undefined
  }

  return {
    get: (key) => getWithin(key, options.maxAge),
    getWithin,
    set(key, value) {
      entries.delete(key)
      if (entries.size >= options.maxEntries) {
        const oldest = entries.keys().next()
        if (!oldest.done) entries.delete(oldest.value)
      }
      entries.set(key, { value, storedAt: now() })
    },
    delete: (key) => void entries.delete(key),
    replaceWhere(matches, value) {
      for (const [key, entry] of entries) if (matches(entry.value)) entries.set(key, { ...entry, value })
    },
    deleteWhere(matches) {
      for (const [key, entry] of entries) if (matches(entry.value)) entries.delete(key)
    },
  }
}
