import { X509Certificate } from 'node:crypto';
import { BadCredential } from './authentication-error.ts';
import { commonName, parseDistinguishedName } from './distinguished-name.ts';
import { parseForwardedCertificates } from './forwarded-certificate.ts';

/** The names in a client certificate, and its fingerprint. */
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

/** Returns the names of a certificate. Throws `BadCredential` if they are not well-formed. */
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
// biome-ignore lint/suspicious/noControlCharactersInRegex: rejects exactly these characters
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * Parses alternative names in Node's text format: separated by commas, and ambiguous values written as JSON strings. Throws
 * if any text is left over.
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
 * Reads the certificate that a proxy passes in a header: the whole certificate, as `:BASE64:` (RFC 9440, section 2.1) or as
 * URL-encoded PEM, or only its names, as Envoy and Istio send in `x-forwarded-client-cert`. Throws `BadCredential`.
 */
export function namesInHeader(header: string, text: string): CertificateNames {
  try {
    if (header === 'x-forwarded-client-cert') return namesInElement(text);
    return readNames(text.startsWith(':') ? certificateInBase64(text) : certificateInPem(text));
  } catch (cause) {
    throw new BadCredential('malformed', `${header} has no valid certificate: ${(cause as Error).message}`, { cause });
  }
}

const BASE64_ITEM = /^:([A-Za-z0-9+/]+={0,2}):$/;

function certificateInBase64(text: string): X509Certificate {
  const bytes = BASE64_ITEM.exec(text)?.[1];
  if (bytes === undefined) throw new Error('expected one certificate in Base64, between colons');
  return new X509Certificate(Buffer.from(bytes, 'base64'));
}

/** Throws for several certificates, since the header does not say which one is the client's. */
function certificateInPem(encoded: string): X509Certificate {
  const text = decodeURIComponent(encoded).trim();
  const begin = '-----BEGIN CERTIFICATE-----';
  if (!text.startsWith(begin) || text.includes('-----BEGIN', begin.length))
    throw new Error('expected one certificate as PEM');
  return new X509Certificate(text);
}

/** Reads the last element, which the nearest proxy has added. */
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
