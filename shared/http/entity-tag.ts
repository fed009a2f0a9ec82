import { hash } from 'node:crypto'

/**
 * The strong entity tag of a body as it is sent to a tenant: two tenants' are never the same, however alike their data.
 */
export function entityTagOf(tenantId: string, body: string): string {
  return `"${hash('sha256', `${tenantId}\n${body}`, 'base64url').slice(0, 27)}"`
}

/** Whether If-None-Match names this tag: compared weakly (RFC 9110, 13.1.2). */
export function isNamed(header: string, tag: string): boolean {
  return header.trim() === '*' || tagsOf(header).some((each) => each.replace(/^W\//, '') === tag)
}

/** Whether If-Match names this tag: compared strongly (RFC 9110, 13.1.1). */
export function isNamedStrongly(header: string, tag: string): boolean {
  return header.trim() === '*' || tagsOf(header).includes(tag)
}

function tagsOf(header: string): string[] {
  return header.match(/(?:W\/)?"[^"]*"/g) ?? []
}
