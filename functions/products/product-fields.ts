import * as z from 'zod'
import { id, money, text } from '../../shared/http/fields.ts'

export const productPath = z.strictObject({ id })

/** What a client may say of a product. */
export const productFields = {
  name: text(200).meta({ examples: ['PAPER LANTERN'] }),
  description: text(5_000)
    .nullable()
    .meta({ description: 'Null for none.', examples: [null] }),
  price: money,
}
