/** `"2.55"` → `255n`: sums of money are exact. */
export function toPence(amount: string): bigint {
  const [, sign, whole = '0', fraction = ''] = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(amount) ?? []
  if (sign === undefined) throw new RangeError(`not an amount of money: ${JSON.stringify(amount)}`)
  const pence = BigInt(whole) * 100n + BigInt(fraction.padEnd(2, '0'))
  return sign === '-' ? -pence : pence
}

/** `255n` → `"2.55"` */
export function fromPence(pence: bigint): string {
  const digits = String(pence < 0n ? -pence : pence).padStart(3, '0')
  return `${pence < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}
