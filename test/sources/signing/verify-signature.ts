import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What a verifier requires of a request. */
export interface Requirements {
  readonly keys: Readonly<Record<string, Buffer>>;
  readonly covers: readonly string[];
  /** Seconds since 1970. */
  readonly now: number;
}

/**
 * Verifies a signed request as RFC 9421, section 3.2, and RFC 9530 say; written from their text, and independent of the signer.
 * @returns what is wrong; `undefined` for a good signature
 */
export function verifySignature(
  request: Pick<IncomingMessage, 'method' | 'url' | 'rawHeaders'>,
  body: Buffer,
  { keys, covers, now }: Requirements,
): string | undefined {
  const [label, input] = member(field(request, 'signature-input'));
  const [signedLabel, value] = member(field(request, 'signature'));
  if (label === undefined || input === undefined || signedLabel !== label) return 'no signature';
  const parts = /^\(([^)]*)\)(.*)$/.exec(input);
  const components = [...(parts?.[1] ?? '').matchAll(/"([^"]+)"/g)].map(([, name]) => name as string);
  const parameters = Object.fromEntries(
    [...(parts?.[2] ?? '').matchAll(/;([a-z]+)=(?:"((?:[^"\\]|\\.)*)"|(\d+))/g)].map(([, name, text, number]) => [
      name as string,
      text?.replace(/\\(.)/g, '$1') ?? Number(number),
    ]),
  );
  const missing = covers.filter((name) => !components.includes(name));
  if (missing.length > 0) return `not signed: ${missing.join(', ')}`;
  const created = Number(parameters.created);
  if (!(created <= now + 5 && created > now - 60)) return 'not fresh';
  if (parameters.expires !== undefined && Number(parameters.expires) < now) return 'expired';
  if (parameters.alg !== 'hmac-sha256') return 'another algorithm';
  const key = keys[String(parameters.keyid)];
  if (key === undefined) return 'unknown key';
  const lines = components.map((name) => `"${name}": ${component(request, name)}`);
  const base = [...lines, `"@signature-params": ${input}`].join('\n');
  const expected = createHmac('sha256', key).update(base, 'latin1').digest();
  const actual = Buffer.from(value?.slice(1, -1) ?? '', 'base64');
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) return 'wrong signature';
  const digest = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;
  return components.includes('content-digest') && field(request, 'content-digest') !== digest
    ? 'wrong digest'
    : undefined;
}

type Message = Pick<IncomingMessage, 'method' | 'url' | 'rawHeaders'>;

function field({ rawHeaders }: Message, name: string): string | undefined {
  const values = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
  return values.length === 0 ? undefined : values.map((value) => value.trim()).join(', ');
}

/** The first member of a dictionary: its name and value. */
function member(dictionary = ''): [string?, string?] {
  const at = dictionary.indexOf('=');
  return at === -1 ? [] : [dictionary.slice(0, at), dictionary.slice(at + 1)];
}

function component(request: Message, name: string): string {
  const { method = '', url = '' } = request;
  if (name === '@method') return method;
  if (name === '@authority') return (field(request, 'host') ?? '').toLowerCase();
  if (name === '@path') return url.split('?')[0] as string;
  if (name === '@query') return `?${url.split('?').slice(1).join('?')}`;
  return field(request, name) ?? '';
}
