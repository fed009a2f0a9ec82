import openapiTS, { astToString } from 'openapi-typescript'

/** The types of a description's operations, for `openapi-fetch`. It needs the TypeScript of this folder, not the project's. */
export async function createTypes(description: string): Promise<string> {
  const ast = await openapiTS(description, { immutable: true, defaultNonNullable: false })
  return `// Written by \`npm run openapi\`.\n${astToString(ast)}`
}
