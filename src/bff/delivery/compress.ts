import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { LRUCache } from 'lru-cache';

export type Encoding = 'br' | 'gzip';

const FORMS: readonly Encoding[] = ['br', 'gzip'];

/** Browsers send few different values, and send them each time. */
const chosen = new LRUCache<string, Encoding | 'identity'>({ max: 200 });

/**
 * The encoding that the client likes best of those that there are; Brotli where it likes both the same.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
 */
export function chooseEncoding(acceptEncoding: string | undefined): Encoding | undefined {
  if (acceptEncoding === undefined || acceptEncoding === 'identity') return undefined;
  let choice = chosen.get(acceptEncoding);
  if (choice === undefined) {
    choice = best(acceptEncoding) ?? 'identity';
    chosen.set(acceptEncoding, choice);
  }
  return choice === 'identity' ? undefined : choice;
}

function best(acceptEncoding: string): Encoding | undefined {
  const weights = new Map<string, number>();
  for (const item of acceptEncoding.toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim());
    const q = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    const weight = q === undefined ? 1 : Number(q);
    if (name !== '' && !Number.isNaN(weight)) weights.set(name, weight);
  }
  const weightOf = (name: string) => weights.get(name) ?? weights.get('*') ?? 0;
  let choice: Encoding | undefined;
  for (const form of FORMS) {
    if (weightOf(form) > 0 && weightOf(form) > (choice === undefined ? 0 : weightOf(choice))) choice = form;
  }
  if (choice !== undefined && (weights.get('identity') ?? 0) > weightOf(choice)) return undefined;
  return choice;
}

const gzipped = promisify(gzip);
const brotlied = promisify<Buffer, object, Buffer>(brotliCompress);

/** `thoroughly`: for a body that is sent many times, a better form is worth its time. */
export function compress(body: Buffer, encoding: Encoding, thoroughly: boolean): Promise<Buffer> {
  if (encoding === 'gzip') return gzipped(body, { level: thoroughly ? 9 : 5 });
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: thoroughly ? 8 : 4,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
  };
  return brotlied(body, { params });
}
