import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext, type SecureContext } from 'node:tls'
import { generate } from 'selfsigned'

/** A certificate authority of this machine's own, which nobody believes who is not told to. */
export interface Authority {
  /** The file that clients are told: `curl --cacert`. */
  readonly file: string
  /** A certificate for a name, made on first use. */
  contextFor(name: string): Promise<SecureContext>
}

const year = 365 * 24 * 60 * 60 * 1_000

/** Opens the authority of a data folder, making it on the first start; its key only this user can read. */
export async function openAuthority(folder: string): Promise<Authority> {
  const [file, keyFile] = [join(folder, 'authority.pem'), join(folder, 'authority-key.pem')]
  if (!existsSync(file) || !existsSync(keyFile)) {
    const made = await generate([{ name: 'commonName', value: "Atrium's local authority" }], {
      ...{ keyType: 'ec', algorithm: 'sha256', notAfterDate: new Date(Date.now() + 10 * year) },
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
      ],
    })
    writeFileSync(keyFile, made.private, { mode: 0o600 })
    writeFileSync(file, made.cert)
  }
  const ca = { cert: readFileSync(file, 'utf8'), key: readFileSync(keyFile, 'utf8') }
  const contexts = new Map<string, Promise<SecureContext>>()

  const issue = async (name: string): Promise<SecureContext> => {
    const { cert, private: key } = await generate([{ name: 'commonName', value: name.slice(0, 64) }], {
      ...{ keyType: 'ec', algorithm: 'sha256', notAfterDate: new Date(Date.now() + year), ca },
      extensions: [
        { name: 'basicConstraints', cA: false },
        { name: 'keyUsage', digitalSignature: true, critical: true },
        { name: 'extKeyUsage', serverAuth: true },
        { name: 'subjectAltName', altNames: [{ type: 2, value: name }] },
      ],
    })
    return createSecureContext({ cert, key, minVersion: 'TLSv1.2' })
  }
  return {
    file,
    contextFor(name) {
      const context = contexts.get(name) ?? issue(name)
      contexts.set(name, context)
      return context
    },
  }
}
