/**
 * The version of this code. Raise it by one in each release that stops using something of a tenant's schema; a contract
 * migration that removes it then says `-- atrium: contract from code <this version>`, and is refused while code of a
 * lower version serves (see docs/operations.md).
 */
export const codeVersion = 1
