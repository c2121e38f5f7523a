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

/**
 * The certificates for connections to a subgraph or a broker. They are read again when a file has changed, which is checked when a connection is
 * opened, and on request. While changed files cannot be read or do not fit together, as in the middle of a renewal, the last good ones
 * are used.
 */
export class TlsFiles {
  readonly #key: string;
  readonly #settings: SubgraphTls;
  readonly #onUnusable: OnUnusable;
  #current: TlsOptions;
  /** That of the files that `#current` is from. */
  #version: string;
  /** That of the last files that could not be used. */
  #unusable: string | undefined;

  /**
   * @param key the whole key of the settings, for messages
   * @throws ConfigValueError when a file is unreadable or the parts do not fit together
   */
  constructor(key: string, settings: SubgraphTls, onUnusable: OnUnusable = () => {}) {
    this.#key = key;
    this.#settings = settings;
    this.#onUnusable = onUnusable;
    this.#version = versionOf(settings);
    this.#current = readAll(key, settings);
  }

  /** Returns the options for a new connection. */
  readonly current: CurrentTls = () => {
    const version = versionOf(this.#settings);
    if (version === this.#version) return this.#current;
    try {
      this.#use(readAll(this.#key, this.#settings), version);
    } catch (error) {
      if (!(error instanceof ConfigValueError)) throw error;
      if (version !== this.#unusable) this.#onUnusable(error);
      this.#unusable = version;
    }
    return this.#current;
  };

  /** Reads the files again, also where nothing says that they have changed. Throws `ConfigValueError` when they cannot be used. */
  reload(): void {
    const version = versionOf(this.#settings);
    this.#use(readAll(this.#key, this.#settings), version);
  }

  #use(options: TlsOptions, version: string): void {
    this.#version = version;
    const { ca, cert, key } = this.#current;
    // connections are opened by the same object as before, unless something is new
    if (ca !== options.ca || cert !== options.cert || key !== options.key) this.#current = options;
  }
}

function readAll(key: string, { certificate_authorities, client_authentication }: SubgraphTls): TlsOptions {
  const read = (name: string, value: string | undefined) => value && readPem(`${key}.${name}`, value);
  const options = {
    ca: read('certificate_authorities', certificate_authorities),
    cert: read('client_authentication.certificate_chain', client_authentication?.certificate_chain),
    key: read('client_authentication.key', client_authentication?.key),
  };
  try {
    createSecureContext(options);
  } catch (cause) {
    throw new ConfigValueError(
      `${key}: the certificates and the key cannot be used together: ${(cause as Error).message}`,
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

function readPem(key: string, value: string): string {
  if (isText(value)) return value;
  try {
    return readRegularFileSync(value);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ConfigValueError(
      `${key}: ${pathWithoutSecrets(value)} cannot be read (${code}); expected a PEM file or PEM text`,
      { cause },
    );
  }
}

/** Returns a text that changes when one of the files does. */
function versionOf({ certificate_authorities, client_authentication }: SubgraphTls): string {
  const { certificate_chain, key } = client_authentication ?? {};
  const files = [certificate_authorities, certificate_chain, key].filter((one) => one !== undefined && !isText(one));
  return files.map((file) => stamp(file as string)).join(' ');
}

function stamp(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats ? `${stats.ino}:${stats.mtimeMs}:${stats.size}` : '-';
}
