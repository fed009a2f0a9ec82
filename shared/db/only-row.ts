/** The row of a statement that always answers exactly one. Throws a RangeError when it did not. */
export function onlyRow<Row>(rows: readonly Row[]): Row {
  const [row] = rows
  if (row === undefined || rows.length > 1) throw new RangeError(`expected one row, not ${rows.length}`)
  return row
}
