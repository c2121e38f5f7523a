import type { ServerOptions } from 'node:https';
import { createSecureContext } from 'node:tls';
import { ConfigValueError } from '../config/config-value-error.ts';
import type { ListenerTls } from '../config/sections/tls.ts';
import { pathWithoutSecrets } from '../shared/path-without-secrets.ts';
import { readRegularFileSync } from '../shared/read-regular-file.ts';

/** Returns options for `node:https`. Throws `ConfigValueError` when a file is unreadable or the parts do not match. */
export function tlsOptions(settings: ListenerTls): ServerOptions {
  const { client_ca, require_client_certificate, min_version } = settings;
  const options = {
    cert: readPem('certificate', settings.certificate),
    key: readPem('key', settings.key),
    minVersion: min_version,
    ...(client_ca === undefined ? {} : { ca: readPem('client_ca', client_ca) }),
  };
  try {
    createSecureContext(options);
  } catch (cause) {
    const message = (cause as Error).message;
    throw new ConfigValueError(`tls.supergraph: certificate, key and client_ca cannot be used together: ${message}`, {
      cause,
    });
  }
  // without `rejectUnauthorized`, a client with a bad certificate counts as one without a certificate
  return { ...options, requestCert: client_ca !== undefined, rejectUnauthorized: require_client_certificate };
}

/** Returns whether a setting is PEM text, and not the path of a file. */
export function isPemText(value: string): boolean {
  return value.trimStart().startsWith('-----BEGIN ');
}

function readPem(key: string, value: string): string {
  if (isPemText(value)) return value;
  try {
    return readRegularFileSync(value);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ConfigValueError(
      `tls.supergraph.${key}: ${pathWithoutSecrets(value)} cannot be read (${code}); expected a PEM file or PEM text`,
      {
        cause,
      },
    );
  }
}
