import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { deadUrl, fakeSubgraph } from '../sources/fake-subgraph.ts';
import { openSocket, SECRET } from './open-socket.ts';
import { subscriptionWorld } from './subscription-world.ts';

const QUERY = { query: '{ product(id: 1) { __typename } }' };
const INIT = (token: string) => ({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });

/** A key set that is sent when the test says so, and a token by it. */
async function slowKeySet() {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const body = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256' }] });
  let send = () => {};
  const sent = new Promise<void>((resolve) => {
    send = resolve;
  });
  const { url } = await fakeSubgraph((_, res) => void sent.then(() => res.end(body)));
  const jwt = new SignJWT({ sub: 'ann' }).setProtectedHeader({ alg: 'RS256', kid: 'one' }).setExpirationTime('1h');
  return { url, send, token: await jwt.sign(privateKey) };
}

const withKeys = (key: object) =>
  subscriptionWorld({ authentication: { require_authentication: true, router: { jwt: { jwks: [key] } } } });

describe('while the credentials of a connection are checked', () => {
  test('operations of the older subprotocol wait, which its clients begin at once', async () => {
    const { url, send: sendKeys, token } = await slowKeySet();
    const { server, topic } = await withKeys({ url });
    const { send, next } = await openSocket(server.url, 'graphql-ws');
    send(INIT(token));
    send({ id: '1', type: 'start', payload: { query: 'subscription { reviewAdded { body } }' } });
    send({ id: '1', type: 'stop' });
    send({ id: '2', type: 'start', payload: QUERY });
    sendKeys();
    expect(await next()).toEqual({ type: 'connection_ack' });
    expect(await next()).toEqual({ id: '2', type: 'data', payload: { data: { product: null } } });
    expect(await next()).toEqual({ id: '2', type: 'complete' });
    expect(topic.size).toBe(0);
    // and it is read again
    send({ id: '3', type: 'start', payload: QUERY });
    expect(await next()).toMatchObject({ id: '3', type: 'data' });
  });

  test('operations of the newer subprotocol are a mistake', async () => {
    const { url, token } = await slowKeySet();
    const { server } = await withKeys({ url });
    const { send, closed } = await openSocket(server.url, 'graphql-transport-ws');
    send(INIT(token));
    send({ id: '1', type: 'subscribe', payload: QUERY });
    expect(await closed).toBe(4401);
  });

  test('clients of the older subprotocol can leave', async () => {
    const { url, token } = await slowKeySet();
    const { server } = await withKeys({ url });
    const { send, socket, closed } = await openSocket(server.url, 'graphql-ws');
    send(INIT(token));
    socket.close(1000);
    expect(await closed).toBe(1000);
  });
});

describe('a connection whose credentials are refused', () => {
  test('is closed with 4401, and the older subprotocol has a message for it', async () => {
    const { server } = await withKeys({ secret: SECRET });
    const { send, next, closed } = await openSocket(server.url, 'graphql-ws');
    send(INIT('nonsense'));
    expect(await next()).toEqual({
      type: 'connection_error',
      payload: { message: 'The credential is not valid.', extensions: { code: 'UNAUTHENTICATED' } },
    });
    expect(await closed).toBe(4401);
  });

  test.each(['graphql-transport-ws', 'graphql-ws'])(
    'is closed with a code after which clients of %s try again, where the credentials cannot be checked now',
    async (subprotocol) => {
      const { server } = await withKeys({ url: await deadUrl() });
      const { token } = await slowKeySet();
      const { send, closed } = await openSocket(server.url, subprotocol);
      send(INIT(token));
      expect(await closed).toBe(1013);
    },
  );
});
