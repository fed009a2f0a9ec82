import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { readEnvironment } from '../environment.ts'
import { AppError } from '../errors.ts'

/** Seconds that a presigned URL is good for: time to move a large file, and no more. */
const urlLifetime = 60 * 60

// By default a checksum would go into presigned URLs, of a body that is not known when they are made, and into uploads as
// trailers. The archive has checksums of its own.
const client = () =>
  new S3Client({ requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' })

function bucket(): string {
  const { FILES_BUCKET } = readEnvironment()
  if (FILES_BUCKET === undefined) throw new Error('FILES_BUCKET is not set')
  return FILES_BUCKET
}

/** A URL that whoever holds it may upload one file to. */
export function presignUpload(key: string): Promise<string> {
  return getSignedUrl(client(), new PutObjectCommand({ Bucket: bucket(), Key: key }), { expiresIn: urlLifetime })
}

/** A URL that whoever holds it may download the file from. */
export function presignDownload(key: string): Promise<string> {
  return getSignedUrl(client(), new GetObjectCommand({ Bucket: bucket(), Key: key }), { expiresIn: urlLifetime })
}

export async function uploadFile(key: string, path: string): Promise<void> {
  const { size } = await stat(path)
  const body = createReadStream(path)
  await client().send(new PutObjectCommand({ Bucket: bucket(), Key: key, Body: body, ContentLength: size }))
}

/** Throws `not_found` when there is no such file. */
export async function downloadFile(key: string, path: string): Promise<void> {
  const answer = await client()
    .send(new GetObjectCommand({ Bucket: bucket(), Key: key }))
    .catch((error: Error) => {
      if (error.name === 'NoSuchKey') throw new AppError('not_found', `There is no uploaded file "${key}".`)
      throw new AppError('unavailable', 'The files cannot be reached right now.', { cause: error })
    })
  if (!(answer.Body instanceof Readable)) throw new Error('the file has no body')
  await pipeline(answer.Body, createWriteStream(path))
}

/** Runs `work` with a folder of its own, which is gone afterwards. */
export async function withTemporaryFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'atrium-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
