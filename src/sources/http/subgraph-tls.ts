import { statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ConfigValueError } from '../../config/config-value-error.ts';
import type { SubgraphTls } from '../../config/sections/tls.ts';
import { readRegularFileSync } from '../../shared/read-regular-file.ts';

/** Options of `tls.connect`. */
export interface TlsOptions {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Returns the options for a new connection: the same object until a file changes. */
export type CurrentTls = () => TlsOptions;

/**
 * Reads the certificates for connections to a subgraph, and again when a file has changed. Looks only when a connection is opened. While
 * changed files cannot be read or do not fit together, as in the middle of a renewal, the last good ones are used.
 * @param key the whole key of the settings, for messages
 * @throws ConfigValueError when a file is unreadable or the parts do not fit together
 */
export function subgraphTls(key: string, settings: SubgraphTls): CurrentTls {
  let current = readAll(key, settings);
  let version = versionOf(settings);
  return () => {
    const now = versionOf(settings);
    if (now === version) return current;
    try {
      current = readAll(key, settings);
      version = now;
    } catch (error) {
      if (!(error instanceof ConfigValueError)) throw error;
    }
    return current;
  };
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
    throw new ConfigValueError(`${key}: ${value} cannot be read (${code}); expected a PEM file or PEM text`, { cause });
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
