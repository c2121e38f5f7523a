import { statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ConfigValueError } from '../../config/config-value-error.ts';
import type { SubgraphTls } from '../../config/sections/tls.ts';
import { pathWithoutSecrets } from '../../shared/path-without-secrets.ts';
import { readRegularFileSync } from '../../shared/read-regular-file.ts';

/** Options of `tls.connect`. */
export interface TlsOptions {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Returns the options for a new connection: the same object until a file changes. */
export type CurrentTls = () => TlsOptions;

/** Called when changed files cannot be used, once for each change. */
export type OnUnusable = (error: ConfigValueError) => void;

/** A PEM file or PEM text, and what names it in messages: a key of the config, or a variable. */
export interface PemSource {
  readonly name: string;
  readonly value: string;
}

/** Where the certificates of a connection come from. */
export type TlsSources = { readonly [part in keyof TlsOptions]: PemSource | undefined };

/**
 * Certificates for the connections to one server. They are read again when a file has changed, which is checked when a connection is
 * opened, and on request. While changed files cannot be read or do not fit together, as in the middle of a renewal, the last good ones
 * are used.
 */
export class PemFiles {
  readonly #key: string;
  readonly #sources: TlsSources;
  readonly #onUnusable: OnUnusable;
  #current: TlsOptions;
  /** That of the files that `#current` is from. */
  #version: string;
  /** That of the last files that could not be used. */
  #unusable: string | undefined;

  /**
   * @param key what names all sources together, for messages
   * @throws ConfigValueError when a file is unreadable or the parts do not fit together
   */
  constructor(key: string, sources: TlsSources, onUnusable: OnUnusable = () => {}) {
    this.#key = key;
    this.#sources = sources;
    this.#onUnusable = onUnusable;
    this.#version = versionOf(sources);
    this.#current = readAll(key, sources);
  }

  /** Returns the options for a new connection. */
  readonly current: CurrentTls = () => {
    const version = versionOf(this.#sources);
    if (version === this.#version) return this.#current;
    try {
      this.#use(readAll(this.#key, this.#sources), version);
    } catch (error) {
      if (!(error instanceof ConfigValueError)) throw error;
      if (version !== this.#unusable) this.#onUnusable(error);
      this.#unusable = version;
    }
    return this.#current;
  };

  /** Reads the files again, also where nothing says that they have changed. Throws `ConfigValueError` when they cannot be used. */
  reload(): void {
    const version = versionOf(this.#sources);
    this.#use(readAll(this.#key, this.#sources), version);
  }

  #use(options: TlsOptions, version: string): void {
    this.#version = version;
    const { ca, cert, key } = this.#current;
    // connections are opened by the same object as before, unless something is new
    if (ca !== options.ca || cert !== options.cert || key !== options.key) this.#current = options;
  }
}

/** The certificates of a key of the config, for connections to a subgraph or a broker. */
export class TlsFiles extends PemFiles {
  /**
   * @param key the whole key of the settings, for messages
   * @throws ConfigValueError when a file is unreadable or the parts do not fit together
   */
  constructor(key: string, settings: SubgraphTls, onUnusable?: OnUnusable) {
    super(key, sourcesOf(key, settings), onUnusable);
  }
}

function sourcesOf(key: string, { certificate_authorities, client_authentication: own }: SubgraphTls): TlsSources {
  const source = (name: string, value: string | undefined): PemSource | undefined =>
    value === undefined ? undefined : { name: `${key}.${name}`, value };
  return {
    ca: source('certificate_authorities', certificate_authorities),
    cert: source('client_authentication.certificate_chain', own?.certificate_chain),
    key: source('client_authentication.key', own?.key),
  };
}

function readAll(name: string, { ca, cert, key }: TlsSources): TlsOptions {
  const options = { ca: ca && readPem(ca), cert: cert && readPem(cert), key: key && readPem(key) };
  try {
    createSecureContext(options);
  } catch (cause) {
    throw new ConfigValueError(
      `${name}: the certificates and the key cannot be used together: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
  return options;
}

function isText(value: string): boolean {
  return value.trimStart().startsWith('-----BEGIN ');
}

function readPem({ name, value }: PemSource): string {
  if (isText(value)) return value;
  try {
    return readRegularFileSync(value);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ConfigValueError(
      `${name}: ${pathWithoutSecrets(value)} cannot be read (${code}); expected a PEM file or PEM text`,
      { cause },
    );
  }
}

/** Returns a text that changes when one of the files does. */
function versionOf({ ca, cert, key }: TlsSources): string {
  const files = [ca, cert, key].filter((one) => one !== undefined && !isText(one.value));
  return files.map((file) => stamp((file as PemSource).value)).join(' ');
}

function stamp(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats ? `${stats.ino}:${stats.mtimeMs}:${stats.size}` : '-';
}
