import { createHash, timingSafeEqual } from 'node:crypto';
import { definePlugin, GatewayError } from 'headgate/plugin';

interface Config {
  /** SHA-256 hashes of passwords, in hexadecimal digits, by user. */
  readonly users: Readonly<Record<string, string>>;
}

/** Accepts a user name and a password as HTTP Basic authentication (RFC 7617). The user is the subject of the client's identity. */
export default definePlugin<Config>({
  name: 'basic-auth',
  reads: { headers: ['authorization'] },
  configSchema: {
    parse(given) {
      const { users } = (given ?? {}) as Partial<Config>;
      if (typeof users !== 'object' || users === null)
        throw new Error('expected { users: { ada: "SHA-256 of the password" } }');
      return { users };
    },
  },
  hooks: {
    onAuthenticate({ request, setIdentity, config }) {
      const [scheme = '', credentials = ''] = (request.headers.get('authorization') ?? '').split(' ');
      const text = Buffer.from(credentials, 'base64').toString();
      const colon = text.indexOf(':');
      const user = text.slice(0, Math.max(0, colon));
      const hash = Object.hasOwn(config.users, user) ? (config.users[user] ?? '') : '';
      if (scheme.toLowerCase() !== 'basic' || !matches(text.slice(colon + 1), hash))
        throw new GatewayError(401, 'UNAUTHENTICATED', 'Send a user name and a password.', {
          headers: { 'www-authenticate': 'Basic realm="shop", charset="UTF-8"' },
        });
      setIdentity({ subject: user });
      // subgraphs must not see the password, whatever the header rules say
      request.headers.delete('authorization');
    },
  },
});

function matches(password: string, hash: string): boolean {
  const expected = Buffer.from(hash, 'hex');
  const given = createHash('sha256').update(password).digest();
  return expected.length === given.length && timingSafeEqual(expected, given);
}
