import { applicationPools } from '../db/application-pools.ts'
import { createCatalogReader } from '../db/catalog.ts'
import { readEnvironment } from '../environment.ts'
import { findTenant } from '../tenancy/catalog-queries.ts'
import { type CredentialDirectory, createCredentialDirectory } from '../tenancy/credential-directory.ts'
import { createCodeReport } from '../tenancy/report-code.ts'
import { createTenantDirectory, type TenantDirectory } from '../tenancy/tenant-directory.ts'
import { askForSigningKeys } from './ask-for-signing-keys.ts'

let opened: { readonly tenants: TenantDirectory; readonly credentials: CredentialDirectory } | undefined

/** What this function instance knows of the catalog: tenants and credentials, asked for together when both are new. */
function applicationCatalog(): NonNullable<typeof opened> {
  if (opened === undefined) {
    const catalog = createCatalogReader(applicationPools(), () => readEnvironment().ATRIUM_CATALOG, createCodeReport())
    opened = {
      tenants: createTenantDirectory((name) => findTenant(catalog, name)),
      credentials: createCredentialDirectory({ catalog, refreshSigningKeys: askForSigningKeys }),
    }
  }
  return opened
}

export function applicationDirectory(): TenantDirectory {
  return applicationCatalog().tenants
}

export function applicationCredentials(): CredentialDirectory {
  return applicationCatalog().credentials
}
