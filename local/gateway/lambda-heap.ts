export interface Heap {
  /** MiB of a semi-space of the young generation. */
  readonly semiSpaceMiB: number
  /** MiB of the old generation. */
  readonly oldSpaceMiB: number
}

/**
 * The heap that Lambda gives a function's Node: a twentieth of its memory for a semi-space and nine tenths for the old generation, on
 * Node's command line, by start scripts of its images that others have published.
 */
export function lambdaHeap(memoryMiB: number): Heap {
  return { semiSpaceMiB: Math.floor(memoryMiB / 20), oldSpaceMiB: Math.floor(memoryMiB * 0.9) }
}

/** Node's options for such a heap. */
export function heapOptions({ semiSpaceMiB, oldSpaceMiB }: Heap): string[] {
  return [`--max-semi-space-size=${semiSpaceMiB}`, `--max-old-space-size=${oldSpaceMiB}`]
}
