import { copyFileSync, writeFileSync } from 'node:fs';
import { nkeys } from '@nats-io/transport-node';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Broker } from '../../../src/sources/events/broker.ts';
import { openBroker } from '../../../src/sources/events/open-broker.ts';
import { PROGRAMS } from '../../programs.ts';
import { HAS_REDIS, startRedis } from '../../store/redis-server.ts';
import { certificates } from '../certificates.ts';
import { HAS_NATS, startNats } from './nats-server.ts';
import { readSettings } from './test-brokers.ts';

const { at, openssl } = certificates('localhost');
const PASSWORD = 'secret-of-the-broker';

/** Makes a certificate that no authority has signed. */
function selfSigned(name: string): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${name}.key`];
  openssl('req', '-x509', ...key, '-out', `${name}.pem`, '-subj', `/CN=${name}`, '-days', '2');
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Opens a broker, and waits for its first attempt. */
async function attempt(settings: Record<string, unknown>) {
  const reasons: (string | undefined)[] = [];
  const observer = { received() {}, malformed() {}, published() {}, refused() {} };
  const change = (_: boolean, reason: string | undefined) => void reasons.push(reason);
  const { broker } = await openBroker('orders', readSettings(settings), observer, change);
  onTestFinished(() => broker.close());
  await expect.poll(() => reasons.length).toBeGreaterThan(0);
  return { broker, reasons };
}

async function expectDelivery(broker: Broker): Promise<void> {
  const received: string[] = [];
  const begun = new Promise<void>((resolve, reject) => {
    const stop = broker.follow('order.1', undefined, {
      begin: () => resolve(),
      message: (message) => void received.push(message.text),
      fail: ({ reason }) => reject(new Error(reason)),
    });
    onTestFinished(stop);
  });
  await begun;
  await broker.publish('order.1', 'hello');
  await expect.poll(() => received).toEqual(['hello']);
}

/** Returns a JWT as the operator mode of NATS has it. */
function natsJwt(issuer: nkeys.KeyPair, subject: nkeys.KeyPair, nats: object): string {
  const part = (value: string | Uint8Array) => Buffer.from(value).toString('base64url');
  const [iss, sub] = [issuer.getPublicKey(), subject.getPublicKey()];
  const claims = { jti: sub, iat: 0, iss, sub, name: 'test', nats: { version: 2, ...nats } };
  const signed = `${part(JSON.stringify({ typ: 'JWT', alg: 'ed25519-nkey' }))}.${part(JSON.stringify(claims))}`;
  return `${signed}.${part(issuer.sign(new TextEncoder().encode(signed)))}`;
}

/** The flags of a server with an operator, and the text of a .creds file for it. */
function operatorMode(): { readonly flags: string[]; readonly creds: string } {
  const [operator, system, account, user] = [
    nkeys.createOperator(),
    nkeys.createAccount(),
    nkeys.createAccount(),
    nkeys.createUser(),
  ];
  const limits = { subs: -1, conn: -1, leaf: -1, imports: -1, exports: -1, data: -1, payload: -1, wildcards: true };
  const operatorJwt = natsJwt(operator, operator, { type: 'operator' });
  const accounts = [system, account].map(
    (one) => `${one.getPublicKey()}: ${natsJwt(operator, one, { type: 'account', limits })}`,
  );
  const userJwt = natsJwt(account, user, { type: 'user', pub: {}, sub: {}, subs: -1, data: -1, payload: -1 });
  writeFileSync(
    at('operator.conf'),
    `operator: ${operatorJwt}
system_account: ${system.getPublicKey()}
resolver: MEMORY
resolver_preload: { ${accounts.join(', ')} }
`,
  );
  const creds = `-----BEGIN NATS USER JWT-----\n${userJwt}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${text(user.getSeed())}\n------END USER NKEY SEED------\n`;
  return { flags: ['--config', at('operator.conf')], creds };
}

const canRun = HAS_NATS && PROGRAMS.openssl;

describe.skipIf(!canRun)('credentials of NATS', () => {
  const seed = text(nkeys.createUser().getSeed());
  const cases = [
    { name: 'token', flags: () => ['--auth', PASSWORD], good: { token: PASSWORD }, bad: { token: 'other' } },
    {
      name: 'user and password',
      flags: () => ['--user', 'ann', '--pass', PASSWORD],
      good: { user: 'ann', password: PASSWORD },
      bad: { user: 'ann', password: 'other' },
    },
    {
      name: 'nkey_seed',
      flags() {
        const nkey = nkeys.fromSeed(new TextEncoder().encode(seed)).getPublicKey();
        writeFileSync(at('nkey.conf'), `authorization { users: [ { nkey: ${nkey} } ] }\n`);
        return ['--config', at('nkey.conf')];
      },
      good: { nkey_seed: seed },
      bad: { nkey_seed: text(nkeys.createUser().getSeed()) },
    },
    {
      name: 'credentials_file',
      flags() {
        const [{ flags, creds }, other] = [operatorMode(), nkeys.createUser()];
        writeFileSync(at('good.creds'), creds);
        writeFileSync(at('bad.creds'), creds.replace(/SU\w+/, text(other.getSeed())));
        return flags;
      },
      get good() {
        return { credentials_file: at('good.creds') };
      },
      get bad() {
        return { credentials_file: at('bad.creds') };
      },
    },
  ];

  test.each(cases)('$name', async (one) => {
    const server = await startNats(...one.flags());
    onTestFinished(() => server.close());
    const { broker } = await attempt({ nats: { servers: server.url, ...one.good } });
    await expectDelivery(broker);
    const refused = await attempt({ nats: { servers: server.url, ...one.bad } });
    expect(refused.broker.isConnected).toBe(false);
    expect(refused.reasons[0]).toBe('the credentials are not accepted');
    const secrets = [PASSWORD, 'other', seed, ...Object.values(one.bad)];
    for (const secret of secrets) expect(JSON.stringify(refused.reasons)).not.toContain(secret);
  });

  test('TLS, with an authority of its own', async () => {
    const files = ['--tls', '--tlscert', at('localhost.pem'), '--tlskey', at('localhost.key')];
    const server = await startNats(...files, '--auth', PASSWORD);
    onTestFinished(() => server.close());
    const servers = server.url.replace('nats://127.0.0.1', 'tls://localhost');
    const nats = { servers, token: PASSWORD };
    const { broker } = await attempt({ nats: { ...nats, tls: { certificate_authorities: at('ca.pem') } } });
    await expectDelivery(broker);
    const { broker: untrusting, reasons } = await attempt({ nats });
    expect(untrusting.isConnected).toBe(false);
    expect(reasons[0]).toMatch(/^its certificate is not accepted: \w+$/);
  });

  test('a certificate of the gateway, which the server asks for', async () => {
    const files = ['--tlsverify', '--tlscert', at('localhost.pem'), '--tlskey', at('localhost.key')];
    const server = await startNats(...files, '--tlscacert', at('ca.pem'));
    onTestFinished(() => server.close());
    const servers = server.url.replace('nats://127.0.0.1', 'tls://localhost');
    const client_authentication = { certificate_chain: at('localhost.pem'), key: at('localhost.key') };
    const tls = { certificate_authorities: at('ca.pem') };
    const { broker } = await attempt({ nats: { servers, tls: { ...tls, client_authentication } } });
    await expectDelivery(broker);
    expect((await attempt({ nats: { servers, tls } })).broker.isConnected).toBe(false);
  });
});

describe.skipIf(!HAS_REDIS || !PROGRAMS.openssl).each(['pubsub', 'streams'])(
  'credentials of Redis, mode %s',
  (mode) => {
    test('a user of an access control list', async () => {
      const server = await startRedis('--user', 'ann', 'on', `>${PASSWORD}`, '~order.*', '&order.*', '+@all');
      onTestFinished(() => server.close());
      const withUser = (user: string) => server.url.replace('redis://', `redis://${user}@`);
      const { broker } = await attempt({ redis: { url: withUser(`ann:${PASSWORD}`), mode } });
      await expectDelivery(broker);
      const failure = await new Promise((resolve) => {
        broker.follow('other.1', undefined, { begin() {}, message() {}, fail: resolve });
      });
      expect(failure).toMatchObject({ isTemporary: false, reason: 'no permission' });
      const refused = await attempt({ redis: { url: withUser('ann:other-password'), mode } });
      expect(refused.reasons[0]).toBe('the credentials are not accepted');
      expect(refused.broker.isConnected).toBe(false);
    });

    test('certificates that were renewed are used when the connection is opened again', async () => {
      const files = ['--tls-cert-file', at('localhost.pem'), '--tls-key-file', at('localhost.key')];
      const tlsPort = 20_000 + Math.floor(Math.random() * 10_000);
      const clients = ['--tls-ca-cert-file', at('ca.pem'), '--tls-auth-clients', 'yes'];
      const server = await startRedis(...files, '--tls-port', String(tlsPort), ...clients);
      onTestFinished(() => server.close());
      const use = (name: string) => {
        copyFileSync(at(`${name}.pem`), at('current.pem'));
        copyFileSync(at(`${name}.key`), at('current.key'));
      };
      const client_authentication = { certificate_chain: at('current.pem'), key: at('current.key') };
      // the server does not trust another authority
      selfSigned('stranger');
      use('stranger');
      const tls = { certificate_authorities: at('ca.pem'), client_authentication };
      const { broker } = await attempt({ redis: { url: `rediss://localhost:${tlsPort}`, mode, tls } });
      expect(broker.isConnected).toBe(false);
      use('localhost');
      await expect.poll(() => broker.isConnected).toBe(true);
      await expectDelivery(broker);
    });

    test('TLS, with an authority of its own', async () => {
      const files = ['--tls-cert-file', at('localhost.pem'), '--tls-key-file', at('localhost.key')];
      const tlsPort = 20_000 + Math.floor(Math.random() * 10_000);
      const server = await startRedis(...files, '--tls-port', String(tlsPort), '--tls-auth-clients', 'no');
      onTestFinished(() => server.close());
      const redis = { url: `rediss://localhost:${tlsPort}`, mode };
      const { broker } = await attempt({ redis: { ...redis, tls: { certificate_authorities: at('ca.pem') } } });
      await expectDelivery(broker);
      const untrusting = await attempt({ redis });
      expect(untrusting.broker.isConnected).toBe(false);
      expect(untrusting.reasons[0]).toMatch(/^its certificate is not accepted: \w+$/);
    });
  },
);
