import { type DnsRecord, isRefusal, type SeenRecord } from '../../courier/domains/domain-request.ts'
import type { AskForDomain } from '../invoke-function.ts'
import { type Claim, wantedRecords } from './claim.ts'

/** For `show`: the records that are wanted, and whether they are there. */
export async function lookUpWanted(claim: Claim, ask: AskForDomain): Promise<(DnsRecord & Partial<SeenRecord>)[]> {
  const wanted = wantedRecords(claim)
  if (wanted.length === 0) return []
  const answer = await ask({ kind: 'records', records: wanted })
  if (isRefusal(answer)) return wanted.map((record) => ({ ...record, problem: answer.refused }))
  return wanted.map((record, at) => ({ ...record, ...answer.records[at] }))
}
