import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Late, within } from '../../shared/deadline.ts'

const inMs = (milliseconds: number) => performance.now() + milliseconds
const never = new Promise<never>(() => undefined)

it('answers or throws what the work does, when that is in time', async () => {
  await expect(within(inMs(60_000), sleep(5, 'done'))).resolves.toBe('done')
  await expect(within(undefined, sleep(5, 'done'))).resolves.toBe('done')
  await expect(
    within(
      inMs(60_000),
      sleep(5).then(() => Promise.reject(new Error('broken'))),
    ),
  ).rejects.toThrow('broken')
})

it('gives up each who waits at its own deadline, in whatever order they came', async () => {
  const order: number[] = []
  const wait = async (milliseconds: number) => {
    await expect(within(inMs(milliseconds), never)).rejects.toBeInstanceOf(Late)
    order.push(milliseconds)
  }
  await Promise.all([80, 20, 140, 50, 110].map(wait))
  expect(order).toEqual([20, 50, 80, 110, 140])
})

it('gives up who comes when nobody has waited for a while', async () => {
  await within(inMs(10), sleep(1))
  await sleep(30)
  const begun = performance.now()
  await expect(within(inMs(20), never)).rejects.toBeInstanceOf(Late)
  expect(performance.now() - begun).toBeGreaterThanOrEqual(20)
})

it('gives up at once what comes behind its deadline', async () => {
  await expect(within(inMs(-5), never)).rejects.toBeInstanceOf(Late)
})

it('hears nothing of work that fails after it was given up', async () => {
  const failing = sleep(30).then(() => Promise.reject(new Error('too late to matter')))
  await expect(within(inMs(5), failing)).rejects.toBeInstanceOf(Late)
  await sleep(40) // an unhandled rejection would fail this file
})
