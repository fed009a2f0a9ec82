import * as z from 'zod/mini'
import { id, money, text } from '../../shared/http/fields.ts'

export const productPath = z.strictObject({ id })

/** What a client may say of a product. */
export const productFields = {
  name: text(200).check(z.meta({ examples: ['PAPER LANTERN'] })),
  description: z.nullable(text(5_000)).check(z.meta({ description: 'Null for none.', examples: [null] })),
  price: money,
}
