import * as z from 'zod'
import { presignDownload } from '../../shared/control/files.ts'
import { getOperation } from '../../shared/control/operations.ts'
import { AppError } from '../../shared/errors.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { getOperationRequest } from './get-operation.ts'

const withFile = z.object({ key: z.string() })

/** A URL, good for an hour, of the file that an operation has made. */
export const getFile = operatorEndpoint({
  request: getOperationRequest,
  async handle({ control }, { path }) {
    const operation = await getOperation(control, path.id)
    const result = withFile.safeParse(operation.result)
    if (!result.success) throw new AppError('not_found', `Operation ${path.id} (${operation.kind}) has made no file.`)
    return ok({ url: await presignDownload(result.data.key) })
  },
})
