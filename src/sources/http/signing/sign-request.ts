import { createHash, createHmac } from 'node:crypto';
import type { SignatureSettings } from '../../../config/sections/subgraph-authentication.ts';
import { type SignatureParameters, signatureBase, type UnsignedRequest } from './signature-base.ts';
import type { CurrentKey } from './signing-key.ts';

/** Returns the headers of a request with those of its signature. */
export interface SignRequest {
  (request: UnsignedRequest, body: string | Buffer | undefined): readonly string[];
  /** Whether the signature covers the body, by its digest. */
  readonly coversBody?: boolean;
}

/** Headers that only the signer sets. */
const OWN = new Set(['content-digest', 'signature', 'signature-input']);
const LABEL = 'headgate';

/**
 * Returns a function that signs requests with HMAC-SHA-256: HTTP Message Signatures (RFC 9421), with the digest of the body in
 * `Content-Digest` (RFC 9530).
 * @param now seconds since 1970
 */
export function requestSigner(
  { components, key_id, expires_in }: Pick<SignatureSettings, 'components' | 'key_id' | 'expires_in'>,
  key: CurrentKey,
  now: () => number = () => Math.floor(Date.now() / 1_000),
): SignRequest {
  const hasDigest = components.includes('content-digest');
  const sign = (request: UnsignedRequest, body: string | Buffer | undefined): readonly string[] => {
    const headers = withoutOwn(request.headers);
    if (hasDigest) headers.push('content-digest', contentDigest(body ?? ''));
    const created = now();
    const expires = expires_in === undefined ? undefined : created + Math.ceil(expires_in / 1_000);
    const parameters = { created, expires, keyId: key_id, algorithm: 'hmac-sha256' };
    const { input, signature } = signed({ ...request, headers }, components, parameters, key());
    headers.push('signature-input', `${LABEL}=${input}`, 'signature', `${LABEL}=:${signature}:`);
    return headers;
  };
  return Object.assign(sign, { coversBody: hasDigest });
}

/** Returns the value of `Signature-Input` and the signature, in base64. */
export function signed(
  request: UnsignedRequest,
  components: readonly string[],
  parameters: SignatureParameters,
  key: Buffer,
): { readonly input: string; readonly signature: string } {
  const { base, input } = signatureBase(request, components, parameters);
  return { input, signature: createHmac('sha256', key).update(base, 'latin1').digest('base64') };
}

/** Returns the value of `Content-Digest`: the digest of the body as it is sent, after compression. */
export function contentDigest(body: string | Buffer): string {
  return `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;
}

function withoutOwn(headers: readonly string[]): string[] {
  const others: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] as string;
    if (!OWN.has(name)) others.push(name, headers[at + 1] as string);
  }
  return others;
}
