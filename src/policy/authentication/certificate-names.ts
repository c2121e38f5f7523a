import { X509Certificate } from 'node:crypto';
import { BadCredential } from './authentication-error.ts';
import { commonName, parseDistinguishedName } from './distinguished-name.ts';
import { parseForwardedCertificates } from './forwarded-certificate.ts';

/** Whom a client certificate names, and by which certificate it is known. */
export interface CertificateNames {
  readonly subject: string | undefined;
  readonly common_name: string | undefined;
  readonly san_uri: string | undefined;
  readonly san_dns: string | undefined;
  readonly san_email: string | undefined;
  /** SHA-256, in hexadecimal digits. */
  readonly fingerprint256: string | undefined;
  readonly issuer?: string;
  readonly valid_to?: string;
}

/** Throws `BadCredential` for a certificate whose names are not well-formed. */
export function namesOf(certificate: X509Certificate): CertificateNames {
  try {
    return readNames(certificate);
  } catch (cause) {
    throw new BadCredential('malformed', `the certificate has ${(cause as Error).message}`, { cause });
  }
}

function readNames(certificate: X509Certificate): CertificateNames {
  // a certificate may have no subject at all
  const fields = (certificate.subject ?? '').split('\n');
  const names = alternativeNames(certificate.subjectAltName ?? '');
  const named = (kind: string) => names.find(([one]) => one === kind)?.[1];
  return {
    subject: fields.join(','),
    common_name: commonName(fields.flatMap(parseDistinguishedName)),
    san_uri: named('URI'),
    san_dns: named('DNS'),
    san_email: named('email'),
    fingerprint256: certificate.fingerprint256,
    issuer: certificate.issuer.replaceAll('\n', ','),
    valid_to: certificate.validTo,
  };
}

const ALTERNATIVE_NAME = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those are refused
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * Reads the alternative names as Node writes them: with commas between them, and as a JSON string each that could be taken for
 * several. Throws where anything is left over.
 */
function alternativeNames(text: string): [kind: string, name: string][] {
  const names: [string, string][] = [];
  for (let at = 0; at < text.length; ) {
    ALTERNATIVE_NAME.lastIndex = at;
    const [whole, kind = '', written = ''] = ALTERNATIVE_NAME.exec(text) ?? [];
    if (whole === undefined) throw new Error('alternative names that cannot be read');
    const name = written.startsWith('"') ? String(JSON.parse(written)) : written;
    if (CONTROL.test(name)) throw new Error('an alternative name with control characters');
    names.push([kind, name]);
    at += whole.length;
  }
  return names;
}

/**
 * What a proxy says of the certificate: all of it, as `:BASE64:` (RFC 9440, section 2.1) or as PEM that is URL-encoded,
 * or some of it, as Envoy and Istio do in `x-forwarded-client-cert`. Throws `BadCredential`.
 */
export function namesInHeader(header: string, text: string): CertificateNames {
  try {
    if (header === 'x-forwarded-client-cert') return namesInElement(text);
    return readNames(text.startsWith(':') ? certificateInBase64(text) : certificateInPem(text));
  } catch (cause) {
    throw new BadCredential('malformed', `${header} holds no certificate: ${(cause as Error).message}`, { cause });
  }
}

const BASE64_ITEM = /^:([A-Za-z0-9+/]+={0,2}):$/;

function certificateInBase64(text: string): X509Certificate {
  const bytes = BASE64_ITEM.exec(text)?.[1];
  if (bytes === undefined) throw new Error('expected one certificate in Base64, between colons');
  return new X509Certificate(Buffer.from(bytes, 'base64'));
}

/** A header that came several times holds several certificates, and it cannot be said which one is the client's. */
function certificateInPem(encoded: string): X509Certificate {
  const text = decodeURIComponent(encoded).trim();
  const begin = '-----BEGIN CERTIFICATE-----';
  if (!text.startsWith(begin) || text.includes('-----BEGIN', begin.length))
    throw new Error('expected one certificate as PEM');
  return new X509Certificate(text);
}

/** Of several elements, the last is that of the proxy next to us. */
function namesInElement(text: string): CertificateNames {
  const element = parseForwardedCertificates(text).at(-1);
  const first = (key: string) => element?.get(key)?.[0] || undefined;
  const pem = first('cert');
  if (pem !== undefined) return readNames(certificateInPem(pem));
  const subject = first('subject');
  return {
    subject,
    common_name: commonName(parseDistinguishedName(subject ?? '')),
    san_uri: first('uri'),
    san_dns: first('dns'),
    san_email: undefined,
    fingerprint256: first('hash'),
  };
}
