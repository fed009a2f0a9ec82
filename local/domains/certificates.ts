import { randomUUID } from 'node:crypto'
import * as z from 'zod'

/** What AWS answers to a call that it refuses. */
export class Refused extends Error {
  readonly status: number
  readonly code: string

  constructor(code: string, message: string, status = 400) {
    super(message)
    this.code = code
    this.status = status
  }
}

export interface Certificate {
  readonly arn: string
  readonly domain: string
  readonly token: string
  /** The record that proves the name. */
  readonly validation: { readonly name: string; readonly value: string }
  status: 'PENDING_VALIDATION' | 'ISSUED' | 'FAILED' | 'VALIDATION_TIMED_OUT'
  reason?: string
}

/** The name pattern of ACM's model. */
const domainName = z
  .string()
  .max(253)
  .regex(/^(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])$/)
const arn = z.string().regex(/^arn:[\w+=/,.@-]+:acm:[\w+=/,.@-]*:[0-9]+:[\w+=,.@-]+(\/[\w+=,.@-]+)*$/)

const requests = {
  RequestCertificate: z.looseObject({
    DomainName: domainName,
    ValidationMethod: z.enum(['EMAIL', 'DNS', 'HTTP']).optional(),
    IdempotencyToken: z.string().max(32).regex(/^\w+$/).optional(),
    KeyAlgorithm: z.enum(['RSA_1024', 'RSA_2048', 'RSA_3072', 'RSA_4096', 'EC_prime256v1', 'EC_secp384r1']).optional(),
    Tags: z.array(z.object({ Key: z.string().min(1).max(128), Value: z.string().max(256).optional() })).optional(),
  }),
  DescribeCertificate: z.looseObject({ CertificateArn: arn }),
  DeleteCertificate: z.looseObject({ CertificateArn: arn }),
}

export interface CertificateStore {
  readonly certificates: ReadonlyMap<string, Certificate>
  call(operation: string, input: unknown): Promise<unknown>
  /** Takes up one that was issued before. */
  restore(certificate: Pick<Certificate, 'arn' | 'domain' | 'token'>): void
}

/**
 * ACM's calls, as far as the courier makes them: refuses what the service's model refuses, issues a certificate when its record
 * is there, and deletes none that is in use.
 */
export function createCertificateStore(options: {
  isThere(record: { name: string; value: string }): Promise<boolean>
  isInUse(arn: string): boolean
}): CertificateStore {
  const certificates = new Map<string, Certificate>()

  const find = (of: string): Certificate => {
    const found = certificates.get(of)
    if (found === undefined) throw new Refused('ResourceNotFoundException', `Could not find certificate ${of}.`)
    return found
  }
  const parse = <Output>(schema: z.ZodType<Output>, input: unknown): Output => {
    const parsed = schema.safeParse(input)
    if (parsed.success) return parsed.data
    throw new Refused('ValidationException', `1 validation error detected: ${parsed.error.issues[0]?.path.join('.')}`)
  }

  const operations: Record<string, (input: unknown) => Promise<unknown>> = {
    async RequestCertificate(input) {
      const { DomainName: domain, IdempotencyToken: token = randomUUID() } = parse(requests.RequestCertificate, input)
      if (domain.length > 64)
        throw new Refused('ValidationException', 'The first domain name can be 64 characters at most.')
      const same = [...certificates.values()].find((each) => each.domain === domain && each.token === token)
      if (same !== undefined) return { CertificateArn: same.arn }
      const id = randomUUID()
      const made: Certificate = {
        ...{ arn: `arn:aws:acm:local:000000000000:certificate/${id}`, domain, token, status: 'PENDING_VALIDATION' },
        validation: {
          name: `_${id.slice(0, 8)}.${domain}`,
          value: `_${id.slice(9, 18).replace('-', '')}.acm-validations.test`,
        },
      }
      certificates.set(made.arn, made)
      return { CertificateArn: made.arn }
    },
    async DescribeCertificate(input) {
      const certificate = find(parse(requests.DescribeCertificate, input).CertificateArn)
      const { status, validation, domain, reason } = certificate
      if (status === 'PENDING_VALIDATION' && (await options.isThere(validation))) certificate.status = 'ISSUED'
      return {
        Certificate: {
          ...{ CertificateArn: certificate.arn, DomainName: domain, Status: certificate.status },
          ...(reason === undefined ? {} : { FailureReason: reason }),
          DomainValidationOptions: [
            {
              ...{ DomainName: domain, ValidationMethod: 'DNS' },
              ResourceRecord: { Name: `${validation.name}.`, Type: 'CNAME', Value: `${validation.value}.` },
            },
          ],
        },
      }
    },
    async DeleteCertificate(input) {
      const { arn: of } = find(parse(requests.DeleteCertificate, input).CertificateArn)
      if (options.isInUse(of)) throw new Refused('ResourceInUseException', `Certificate ${of} is in use.`)
      certificates.delete(of)
      return {}
    },
  }

  return {
    certificates,
    call(operation, input) {
      const known = operations[operation]
      if (known === undefined) throw new Refused('UnknownOperationException', `no operation ${operation}`)
      return known(input)
    },
    restore: (certificate) =>
      void certificates.set(certificate.arn, {
        ...{
          ...certificate,
          status: 'ISSUED',
          validation: { name: `_restored.${certificate.domain}`, value: 'restored' },
        },
      }),
  }
}
