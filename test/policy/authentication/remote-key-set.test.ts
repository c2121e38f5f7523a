import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { AuthenticationUnavailable } from '../../../src/policy/authentication/authentication-error.ts';
import { RemoteKeySet } from '../../../src/policy/authentication/remote-key-set.ts';
import { recordingLogger } from '../../gateway/serving.ts';

let jwks: JWK[];

beforeAll(async () => {
  const pairs = await Promise.all(['RS256', 'ES256'].map((alg) => generateKeyPair(alg, { extractable: true })));
  jwks = await Promise.all(
    pairs.map(async ({ publicKey }, at) => ({ ...(await exportJWK(publicKey)), kid: `k${at}` })),
  );
});

const RSA = { alg: 'RS256', kid: 'k0' };
const EC = { alg: 'ES256', kid: 'k1' };

/** A server of key sets that answers as the test says, and a key set from it, under a clock of the test's. */
async function remote(answer: RequestListener, timeoutMs = 30_000) {
  const state = { answer, fetches: 0, now: 0 };
  const server = createServer((req, res) => {
    state.fetches++;
    state.answer(req, res);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { logger, lines } = recordingLogger();
  const set = new RemoteKeySet({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
    pollMs: 3_600_000,
    maxAgeMs: 3_600_000,
    cooldownMs: 30_000,
    timeoutMs,
    headers: [{ name: 'x-token', value: 't' }],
    logger,
    now: () => state.now,
  });
  onTestFinished(() => {
    set.close();
    server.closeAllConnections();
    server.close();
  });
  return { set, state, lines };
}

const keys = (...shown: JWK[]): RequestListener => {
  return (_req, res) => void res.end(JSON.stringify({ keys: shown }));
};
const status =
  (code: number, headers = {}): RequestListener =>
  (_req, res) =>
    void res.writeHead(code, headers).end();

describe('a key set at a URL', () => {
  it('is fetched once for all who wait, with the headers that were asked for', async () => {
    const sent: unknown[] = [];
    const { set, state } = await remote((req, res) => {
      sent.push(req.headers['x-token']);
      keys(...jwks)(req, res);
    });
    const found = await Promise.all([
      set.find(RSA),
      set.find(RSA),
      set.find(EC),
      set.find({ alg: 'RS256', kid: undefined }),
    ]);
    expect(found.map((some) => some.length)).toEqual([1, 1, 1, 1]);
    expect([state.fetches, sent]).toEqual([1, ['t']]);
  });

  it('that cannot be fetched again is used until it is too old, and again once it is there', async () => {
    const { set, state } = await remote(keys(...jwks));
    expect((await set.find(RSA)).length).toBe(1);
    state.answer = status(503);
    state.now = 3_600_000;
    expect([(await set.find(RSA)).length, set.isTooOld()]).toEqual([1, false]);
    state.now = 3_600_001;
    expect(set.isTooOld()).toBe(true);
    await expect(set.find(RSA)).rejects.toThrow('could not be fetched for 3600s');
    await expect(set.find(EC)).rejects.toThrow(AuthenticationUnavailable);
    state.now += 60_000;
    state.answer = keys(...jwks);
    expect([(await set.find(RSA)).length, set.isTooOld()]).toEqual([1, false]);
  });

  it('is fetched again for an unknown key, and then not before the cool-down is over', async () => {
    const { set, state } = await remote(keys(jwks[0] as JWK));
    expect((await set.find(RSA)).length).toBe(1);
    expect(await Promise.all([set.find(EC), set.find(EC)])).toEqual([[], []]);
    expect(state.fetches).toBe(2);
    state.answer = keys(...jwks);
    state.now = 29_999;
    expect(await set.find(EC)).toEqual([]);
    expect(state.fetches).toBe(2);
    state.now = 30_000;
    expect((await set.find(EC)).length).toBe(1);
    expect(state.fetches).toBe(3);
  });

  it('has another version when its keys are others, and the same when they are not', async () => {
    const { set, state } = await remote(keys(jwks[0] as JWK));
    await set.find(RSA);
    const { version } = set;
    await set.find(EC);
    expect(set.version).toBe(version);
    state.answer = keys(...jwks);
    state.now = 30_000;
    await set.find(EC);
    expect(set.version).not.toBe(version);
  });

  it('asked for a key of another kind gives none: a public key is no secret', async () => {
    const { set } = await remote(keys({ kty: 'oct', k: 'c2VjcmV0', kid: 'k0' }, ...jwks));
    await expect(set.find({ alg: 'HS256', kid: 'k0' })).rejects.toThrow('Unsupported "alg"');
    expect(await set.find({ alg: 'ES256', kid: 'k0' })).toEqual([]);
  });

  it.each<[string, RequestListener]>([
    ['an error', status(500)],
    ['a redirect', status(302, { location: 'http://127.0.0.1:9/' })],
    ['what is no JSON', (_req, res) => void res.end('<html>')],
    ['what is no key set', (_req, res) => void res.end('{"keys": 1}')],
    ['more than can be a key set', (_req, res) => void res.end('x'.repeat(2 ** 21))],
    ['too slow', () => {}],
    ['nothing', (req) => void req.socket.destroy()],
  ])('goes on as it was when the answer is %s', async (what, broken) => {
    const { set, state, lines } = await remote(keys(jwks[0] as JWK), what === 'too slow' ? 2_000 : undefined);
    await set.find(RSA);
    state.answer = broken;
    expect(await set.find(EC)).toEqual([]);
    expect((await set.find(RSA)).length).toBe(1);
    expect(lines.at(-1)?.msg).toBe('a key set could not be fetched; using the last good one');
  });

  it('says in its state and in the log when it is unreachable, when it is too old, and when it is back', async () => {
    const { set, state, lines } = await remote(keys(...jwks));
    const { host } = new URL(set.state.label);
    expect(set.state).toEqual({ label: `http://${host}/jwks`, isUp: true, isUsable: false });
    await set.find(RSA);
    const unknown = { alg: 'RS256', kid: 'unknown' };
    expect(set.state).toMatchObject({ isUp: true, isUsable: true });
    state.answer = status(503);
    await set.find(unknown);
    expect(set.state).toMatchObject({ isUp: false, isUsable: true });
    state.now = 3_600_001;
    await expect(set.find(RSA)).rejects.toThrow(AuthenticationUnavailable);
    expect(set.state).toMatchObject({ isUp: false, isUsable: false });
    state.answer = keys(...jwks);
    state.now += 60_000;
    await set.find(RSA);
    expect(set.state).toMatchObject({ isUp: true, isUsable: true });
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
      ['warn', 'a key set could not be fetched; using the last good one'],
      ['error', 'a key set could not be fetched; tokens cannot be checked until it can'],
      ['info', 'a key set could be fetched again'],
    ]);
  });

  it('that was never there decides nothing, and is tried again after longer and longer waits', async () => {
    const { set, state } = await remote(status(503));
    await expect(set.find(RSA)).rejects.toThrow('could not be fetched yet');
    await expect(set.find(RSA)).rejects.toThrow('could not be fetched yet');
    expect(state.fetches).toBe(1);
    state.now = 1_000;
    await expect(set.find(RSA)).rejects.toThrow('could not be fetched yet');
    state.now = 2_999;
    await expect(set.find(RSA)).rejects.toThrow('could not be fetched yet');
    expect(state.fetches).toBe(2);
    state.answer = keys(...jwks);
    state.now = 3_000;
    expect((await set.find(RSA)).length).toBe(1);
  });
});
