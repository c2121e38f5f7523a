import {
  type Authenticator,
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node';
import { ConfigValueError } from '../../config/config-value-error.ts';
import type { NatsSettings } from '../../config/sections/events.ts';
import { pathWithoutSecrets } from '../../shared/path-without-secrets.ts';
import { readRegularFileSync } from '../../shared/read-regular-file.ts';

/** Returns what a new connection authenticates with. Throws `ConfigValueError` when it cannot be used. */
export type CurrentCredentials = () => Authenticator[];

/**
 * Reads the credentials for NATS. A file is read again for each connection, since it may have been renewed.
 * @param key the whole key of the settings, for messages
 * @throws ConfigValueError when they cannot be used
 */
export function natsCredentials(key: string, settings: NatsSettings): CurrentCredentials {
  const { servers, user, password, token, nkey_seed, credentials_file } = settings;
  if (user !== undefined) return always(usernamePasswordAuthenticator(user, password));
  if (token !== undefined) return always(tokenAuthenticator(token));
  if (nkey_seed !== undefined) {
    const authenticator = nkeyAuthenticator(new TextEncoder().encode(nkey_seed));
    checkSeed(authenticator, `${key}.nkey_seed: it is not the seed of a user, as \`nk -gen user\` writes it`);
    return always(authenticator);
  }
  if (credentials_file !== undefined) {
    const read = () => [fileAuthenticator(`${key}.credentials_file`, credentials_file)];
    read();
    return read;
  }
  const { username, password: inUrl } = new URL(servers[0] ?? 'nats://localhost');
  if (username === '') return () => [];
  const name = decodeURIComponent(username);
  return always(
    inUrl === '' ? tokenAuthenticator(name) : usernamePasswordAuthenticator(name, decodeURIComponent(inUrl)),
  );
}

function always(authenticator: Authenticator): CurrentCredentials {
  return () => [authenticator];
}

function fileAuthenticator(key: string, file: string): Authenticator {
  const expected = 'expected a .creds file with a JWT and its seed, as `nsc generate creds` writes it';
  const path = pathWithoutSecrets(file);
  let text: string;
  try {
    text = readRegularFileSync(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ConfigValueError(`${key}: ${path} cannot be read (${code}); ${expected}`, { cause });
  }
  const authenticator = credsAuthenticator(new TextEncoder().encode(text));
  checkSeed(authenticator, `${key}: ${path} is no file of credentials; ${expected}`);
  return authenticator;
}

/** Signs something, as for a server. The message has no cause: that could tell a part of the seed. */
function checkSeed(authenticator: Authenticator, message: string): void {
  try {
    authenticator('nonce');
  } catch {
    throw new ConfigValueError(message);
  }
}
