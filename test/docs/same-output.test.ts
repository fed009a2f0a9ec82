import { describe, expect, it } from 'vitest'
import { isSameOutput } from './same-output.ts'

describe('an output is the one that a page shows', () => {
  it.each([
    ['whatever the id, of letters alone too', 'This is key h3y6ihyhiw5v.', 'This is key lohwihjzsxbb.'],
    [
      'whatever the time and the width of a column',
      'id  last used\na   2026-11-24T10:00:00Z',
      'id   last used\na    2026-11-27T00:00:00Z',
    ],
    ['whatever stands where the page leaves out', 'made …\n…\ndone', 'made 12 (new)\none\ntwo\ndone'],
  ])('%s', (_, shown, printed) => {
    expect(isSameOutput(shown, printed)).toBe(true)
  })
})

describe('an output is another', () => {
  it.each([
    ['with a word changed', 'two applications', 'two placements'],
    [
      'with a word of the length of an id for another',
      'one application1 and transactions',
      'one application1 and applications',
    ],
    ['with a line missing', 'one\ntwo', 'one'],
    ['with what only looks like a pattern', 'a.b', 'axb'],
  ])('%s', (_, shown, printed) => {
    expect(isSameOutput(shown, printed)).toBe(false)
  })
})
