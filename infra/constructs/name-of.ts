/** The name of a folder's construct: `products` → `Products` */
export function nameOf(folder: string): string {
  return folder.charAt(0).toUpperCase() + folder.slice(1)
}
