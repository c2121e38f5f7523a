import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { issueLines } from '../../config/expectation.ts';
import { withoutByteOrderMark } from '../../shared/decode-text.ts';
import { sha256 } from './digest.ts';

const instant = z.iso.datetime({ offset: true, error: 'expected an instant such as "2030-01-31T00:00:00Z"' });

const record = z.strictObject({
  id: z.string().min(1),
  /** SHA-256 of the whole key. The key itself is not kept anywhere. */
  hash: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected "sha256:" and 64 hexadecimal digits'),
  owner: z.string().min(1),
  scopes: z.array(z.string().min(1)).default([]),
  plan: z.string().min(1).optional(),
  created: instant.optional(),
  expires: instant.optional(),
  active: z.boolean().default(true),
});

/** The stored record of an API key. */
export type ApiKeyRecord = z.output<typeof record>;

export interface NewApiKey {
  readonly owner: string;
  readonly scopes: readonly string[];
  readonly plan?: string | undefined;
  readonly expires?: Date | undefined;
}

/** Creates a key of 256 random bits, to be shown once, and the record to store for it. */
export function createApiKey(options: NewApiKey, now: Date): { key: string; record: ApiKeyRecord } {
  const id = randomBytes(6).toString('hex');
  const key = `hg_${id}_${randomBytes(32).toString('base64url')}`;
  const { owner, scopes, plan, expires } = options;
  const stored = {
    id,
    hash: `sha256:${sha256(key)}`,
    owner,
    scopes: [...scopes],
    ...(plan === undefined ? {} : { plan }),
    created: now.toISOString(),
    ...(expires === undefined ? {} : { expires: expires.toISOString() }),
    active: true,
  };
  return { key, record: stored };
}

/** Parses a record from JSON. Throws an `Error` that says which member is wrong. */
export function parseApiKeyRecord(text: string): ApiKeyRecord {
  return checked(record, JSON.parse(text));
}

const file = z
  .strictObject({ keys: z.array(record) })
  .refine(({ keys }) => new Set(keys.map(({ hash }) => hash)).size === keys.length, 'the same key is listed twice');

/** Reads the text of a key file. Throws an `Error` that says which member is wrong. */
export function parseApiKeyFile(text: string): ApiKeyRecord[] {
  return checked(file, JSON.parse(withoutByteOrderMark(text))).keys;
}

export function formatApiKeyFile(keys: readonly ApiKeyRecord[]): string {
  return `${JSON.stringify({ keys }, undefined, 2)}\n`;
}

function checked<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new Error(issueLines(parsed.error.issues).join('\n'));
  return parsed.data;
}
