import * as z from 'zod'
import { doctorOperation } from '../../shared/control/doctor/doctor-operation.ts'
import { startOperation } from '../../shared/control/operations.ts'
import { accepted } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'

export const startDoctorRequest = z.strictObject({ path: z.strictObject({}), query: z.strictObject({}) })

/** 202 with the operation that looks through the stage. */
export const startDoctor = operatorEndpoint({
  request: startDoctorRequest,
  async handle({ control, operator }) {
    const operation = await startOperation(control, doctorOperation, { input: {}, tenant: null, operator })
    return accepted(`/operations/${operation.id}`, operation)
  },
})
