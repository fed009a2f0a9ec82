import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import { presignUpload } from '../../shared/control/files.ts'
import { created } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { nothing } from './tenant-fields.ts'

export const createUploadRequest = z.strictObject({ path: nothing, query: nothing })

/** 201 with a URL to PUT a file to, and the key to import it by. */
export const createUpload = operatorEndpoint({
  request: createUploadRequest,
  async handle() {
    const key = `imports/${randomUUID()}.tar.gz`
    return created('/imports', { key, url: await presignUpload(key) })
  },
})
