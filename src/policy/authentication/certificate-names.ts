import { X509Certificate } from 'node:crypto';
import { BadCredential } from './refusal.ts';

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

export function namesOf(certificate: X509Certificate): CertificateNames {
  const fields = certificate.subject.split('\n');
  const names = alternativeNames(certificate.subjectAltName ?? '');
  const named = (kind: string) => names.find(([one]) => one === kind)?.[1];
  return {
    subject: fields.join(','),
    common_name: fields.find((field) => field.startsWith('CN='))?.slice(3),
    san_uri: named('URI'),
    san_dns: named('DNS'),
    san_email: named('email'),
    fingerprint256: certificate.fingerprint256,
    issuer: certificate.issuer.replaceAll('\n', ','),
    valid_to: certificate.validTo,
  };
}

const ALTERNATIVE_NAME = /(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/g;

/** Node writes a name that could be taken for several as a JSON string. */
function alternativeNames(text: string): [kind: string, name: string][] {
  return [...text.matchAll(ALTERNATIVE_NAME)].map(([, kind = '', name = '']) => [
    kind,
    name.startsWith('"') ? String(JSON.parse(name)) : name,
  ]);
}

/**
 * What a proxy says of the certificate: all of it, as `:BASE64:` (RFC 9440, section 2.1) or as PEM that is URL-encoded,
 * or some of it, as Envoy and Istio do in `x-forwarded-client-cert`. Throws `BadCredential`.
 */
export function namesInHeader(header: string, text: string): CertificateNames {
  try {
    if (header === 'x-forwarded-client-cert') return namesInElement(text);
    if (text.startsWith(':') && text.endsWith(':')) {
      return namesOf(new X509Certificate(Buffer.from(text.slice(1, -1), 'base64')));
    }
    return namesOf(new X509Certificate(decodeURIComponent(text)));
  } catch (cause) {
    throw new BadCredential('malformed', `${header} holds no certificate: ${(cause as Error).message}`, { cause });
  }
}

/** `By=…;Hash=…;Subject="CN=ada,O=Shop";URI=spiffe://shop/ada`: of several elements, the last is that of the proxy next to us. */
function namesInElement(text: string): CertificateNames {
  const fields = splitQuoted(splitQuoted(text, ',').at(-1) ?? '', ';').map(readField);
  const named = (name: string) => fields.find(([one]) => one === name)?.[1];
  const pem = named('cert');
  if (pem !== undefined) return namesOf(new X509Certificate(decodeURIComponent(pem)));
  const subject = named('subject');
  return {
    subject,
    common_name: subject === undefined ? undefined : /(?:^|,)\s*CN=((?:[^,\\]|\\.)*)/.exec(subject)?.[1],
    san_uri: named('uri'),
    san_dns: named('dns'),
    san_email: undefined,
    fingerprint256: named('hash'),
  };
}

function readField(field: string): [name: string, value: string] {
  const mark = field.indexOf('=');
  const value = field.slice(mark + 1).trim();
  const bare = value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value;
  return [field.slice(0, Math.max(mark, 0)).trim().toLowerCase(), bare];
}

/**
 * Splits where the separator is not inside of quotes. Throws where quotes do not close: a client that opens one in an element
 * of its own cannot hide in it what a proxy adds, since that has as many quotes that open as ones that close.
 */
function splitQuoted(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"') quoted = !quoted;
    else if (char === '\\' && quoted) at++;
    else if (char === separator && !quoted) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  if (quoted) throw new Error('quotes that do not close');
  return [...parts, text.slice(start)];
}
