import { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { LRUCache } from 'lru-cache';
import type { Identity } from '../../client/identity.ts';
import type { ClientCertificateSettings } from '../../config/sections/authentication.ts';
import { BadCredential } from './refusal.ts';

const MOST_REMEMBERED = 1_000;
const LONGEST_HEADER = 16_384;

/** Tells whom a client certificate names: that of the connection, or one that a trusted proxy passes on. */
export class ClientCertificates {
  readonly #settings: ClientCertificateSettings;
  readonly #trusts: (req: IncomingMessage) => boolean;
  readonly #ofConnections = new WeakMap<Socket, Identity>();
  readonly #ofHeaders = new LRUCache<string, Identity>({ max: MOST_REMEMBERED });

  /** `trusts`: whether the other end of the connection is a proxy whose headers are believed. */
  constructor(settings: ClientCertificateSettings, trusts: (req: IncomingMessage) => boolean) {
    this.#settings = settings;
    this.#trusts = trusts;
  }

  /** `undefined` without a certificate. Throws `BadCredential` for one that names nobody. */
  identify(req: IncomingMessage): Identity | undefined {
    const { header } = this.#settings;
    if (header !== undefined && this.#trusts(req)) {
      const text = req.headers[header];
      return typeof text === 'string' && text !== '' ? this.#ofHeader(text) : undefined;
    }
    return req.socket instanceof TLSSocket && req.socket.authorized ? this.#ofConnection(req.socket) : undefined;
  }

  #ofConnection(socket: TLSSocket): Identity | undefined {
    const known = this.#ofConnections.get(socket);
    if (known !== undefined) return known;
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return undefined;
    const identity = identityOf(certificate, this.#settings.identity);
    this.#ofConnections.set(socket, identity);
    return identity;
  }

  #ofHeader(text: string): Identity {
    if (text.length > LONGEST_HEADER) throw new BadCredential('the header with the certificate is too long');
    let identity = this.#ofHeaders.get(text);
    if (identity === undefined) {
      identity = identityOf(readHeader(text), this.#settings.identity);
      this.#ofHeaders.set(text, identity);
    }
    return identity;
  }
}

/** `:BASE64:` as in RFC 9440, section 2.1, or PEM with its line breaks URL-encoded. */
function readHeader(text: string): X509Certificate {
  try {
    if (text.startsWith(':') && text.endsWith(':'))
      return new X509Certificate(Buffer.from(text.slice(1, -1), 'base64'));
    return new X509Certificate(decodeURIComponent(text));
  } catch (cause) {
    throw new BadCredential(`the header holds no certificate: ${(cause as Error).message}`, { cause });
  }
}

function identityOf(certificate: X509Certificate, by: ClientCertificateSettings['identity']): Identity {
  const fields = certificate.subject.split('\n');
  const names = alternativeNames(certificate.subjectAltName ?? '');
  const subjects = {
    subject: fields.join(','),
    common_name: fields.find((field) => field.startsWith('CN='))?.slice(3),
    san_uri: names.find(([kind]) => kind === 'URI')?.[1],
    san_dns: names.find(([kind]) => kind === 'DNS')?.[1],
    san_email: names.find(([kind]) => kind === 'email')?.[1],
  };
  const subject = subjects[by];
  if (!subject) throw new BadCredential(`the certificate has no ${by} (authentication.client_certificate.identity)`);
  const { fingerprint256, issuer, validTo } = certificate;
  const claims = { ...subjects, fingerprint256, issuer: issuer.replaceAll('\n', ','), valid_to: validTo };
  return { kind: 'certificate', subject, scopes: [], claims };
}

const ALTERNATIVE_NAME = /(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/g;

/** Node writes a name that could be taken for several as a JSON string. */
function alternativeNames(text: string): [kind: string, name: string][] {
  return [...text.matchAll(ALTERNATIVE_NAME)].map(([, kind = '', name = '']) => [
    kind,
    name.startsWith('"') ? String(JSON.parse(name)) : name,
  ]);
}
