import { expect, test } from 'vitest';
import type { AcceptedCredentials } from '../../src/bff/handlers/challenge.ts';
import { engineOver, folderOf, serveBff, sourceError } from './support.ts';

const LOGIN_ONLY: AcceptedCredentials = { tokens: false, apiKeys: false, logins: new Set(['web']) };
const FILES = {
  'web/me.graphql': 'query ($me: ID! @from(claim: "sub")) { hello(id: $me) }',
  'web/closed.graphql': 'query @endpoint(auth: {required: true}) { hello }',
  'web/secret.graphql': '{ secret }',
  'mobile/closed.graphql': 'query @endpoint(auth: {required: true}) { hello }',
};
const secret = () => {
  throw sourceError('UNAUTHENTICATED', 'Log in to read Query.secret.');
};

async function refusal(path: string, acceptedCredentials: AcceptedCredentials) {
  const engine = engineOver('type Query { hello(id: ID): String secret: String }', { hello: 'you', secret });
  const { call } = await serveBff({ dir: folderOf(FILES), engine: () => engine, acceptedCredentials });
  const { status, headers, json } = await call(path);
  return { status, challenge: headers.get('www-authenticate'), login: json.login, detail: json.detail };
}

test('where the users of a client log in here, and nothing else is taken, everything that is refused says where', async () => {
  const challenge = 'Session realm="headgate", login="/bff/web/login"';
  for (const path of ['/bff/web/me', '/bff/web/closed', '/bff/web/secret'])
    expect(await refusal(path, LOGIN_ONLY)).toMatchObject({ status: 401, challenge, login: '/bff/web/login' });
  expect((await refusal('/bff/web/me', LOGIN_ONLY)).detail).toBe('Credentials are needed: log in at /bff/web/login.');
});

test('a client without a login is not sent to one', async () => {
  const { challenge, login } = await refusal('/bff/mobile/closed', { ...LOGIN_ONLY, tokens: true });
  expect({ challenge, login }).toEqual({ challenge: 'Bearer', login: undefined });
});

test('of several kinds of credentials all are named', async () => {
  const { challenge, detail } = await refusal('/bff/web/me', { ...LOGIN_ONLY, tokens: true, apiKeys: true });
  expect(challenge).toBe('Bearer, Session realm="headgate", login="/bff/web/login", ApiKey realm="headgate"');
  expect(detail).toBe(
    'Credentials are needed: send "Authorization: Bearer TOKEN", or log in at /bff/web/login, or send an API key.',
  );
});
