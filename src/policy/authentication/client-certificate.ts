import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { LRUCache } from 'lru-cache';
import type { Identity } from '../../client/identity.ts';
import type { ClientCertificateSettings } from '../../config/sections/authentication.ts';
import { BadCredential } from './authentication-error.ts';
import { type CertificateNames, namesInHeader, namesOf } from './certificate-names.ts';

const MOST_CACHED = 1_000;
const LONGEST_HEADER = 16_384;

/** Identifies clients by their certificate: that of the connection, or one that a trusted proxy passes in a header. */
export class ClientCertificates {
  readonly #settings: ClientCertificateSettings;
  readonly #trusts: (req: IncomingMessage) => boolean;
  readonly #ofConnections = new WeakMap<Socket, Identity>();
  readonly #ofHeaders = new LRUCache<string, Identity>({ max: MOST_CACHED });

  /** @param trusts whether the peer is a proxy whose headers are trusted */
  constructor(settings: ClientCertificateSettings, trusts: (req: IncomingMessage) => boolean) {
    this.#settings = settings;
    this.#trusts = trusts;
  }

  /** Returns `undefined` without a certificate. Throws `BadCredential` if the certificate does not have the configured name. */
  identify(req: IncomingMessage): Identity | undefined {
    const { header } = this.#settings;
    if (header !== undefined && this.#trusts(req)) {
      const text = req.headers[header];
      return typeof text === 'string' && text !== '' ? this.#ofHeader(header, text) : undefined;
    }
    return req.socket instanceof TLSSocket && req.socket.authorized ? this.#ofConnection(req.socket) : undefined;
  }

  #ofConnection(socket: TLSSocket): Identity | undefined {
    const known = this.#ofConnections.get(socket);
    if (known !== undefined) return known;
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return undefined;
    const identity = identityOf(namesOf(certificate), this.#settings.identity);
    this.#ofConnections.set(socket, identity);
    return identity;
  }

  #ofHeader(header: string, text: string): Identity {
    if (text.length > LONGEST_HEADER)
      throw new BadCredential('malformed', `${header} is longer than ${LONGEST_HEADER} characters`);
    let identity = this.#ofHeaders.get(text);
    if (identity === undefined) {
      identity = identityOf(namesInHeader(header, text), this.#settings.identity);
      this.#ofHeaders.set(text, identity);
    }
    return identity;
  }
}

function identityOf(names: CertificateNames, by: ClientCertificateSettings['identity']): Identity {
  const subject = names[by];
  if (!subject)
    throw new BadCredential('malformed', `the certificate has no ${by} (authentication.client_certificate.identity)`);
  return { kind: 'certificate', subject, scopes: [], claims: { ...names } };
}
