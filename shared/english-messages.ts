/** Says what is wrong in English: `zod/mini`, unlike `zod`, brings no messages by itself. */
import { config } from 'zod/mini'
import english from 'zod/v4/locales/en.js'

config(english())
