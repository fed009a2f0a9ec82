/** A placement's roles are named after its database, since roles are shared by a whole cluster. */
export interface PlacementNames {
  readonly database: string
  /** NOLOGIN CREATEROLE: owns the database, every schema, table and tenant role in it. */
  readonly owner: string
  /** The application plane's login. */
  readonly api: string
  /** The control plane's login, which acts as the owner. */
  readonly control: string
}

/** Throws a RangeError for a name that would not stay distinct within PostgreSQL's 63 bytes. */
export function placementNames(database: string): PlacementNames {
  if (!/^[a-z][a-z0-9_]{0,49}$/.test(database)) {
    throw new RangeError(`a placement's database is named by up to 50 of a-z, 0-9 and _, not "${database}"`)
  }
  return { database, owner: `${database}_owner`, api: `${database}_api`, control: `${database}_control` }
}
