/** The name of a folder's or placement's construct: `products` → `Products`, `large-shops` → `LargeShops` */
export function nameOf(folder: string): string {
  return folder.replace(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase())
}
