import { pageFiles } from '../../functions/docs/page-files.ts'

/** What stands beside a bundle, by its place there, and where it comes from in the project. */
export type BundledFiles = Readonly<Record<string, string>>

export const migrationFiles: BundledFiles = { migrations: 'shared/db/migrations' }

/** Files of single functions of the application plane, by their folder. */
export const filesOfFunctions: Readonly<Record<string, BundledFiles>> = {
  docs: Object.fromEntries(Object.entries(pageFiles).map(([name, path]) => [`files/${name}`, path])),
}
