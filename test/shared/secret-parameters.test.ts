import { expect, test } from 'vitest';
import { isSecretParameter, urlWithoutSecrets } from '../../src/shared/secret-parameters.ts';

test.each([
  ['http://a.example/graphql', 'http://a.example/graphql'],
  ['http://user:pass@a.example/graphql', 'http://…@a.example/graphql'],
  ['http://user:p@ss/word@a.example', 'http://…@a.example'],
  ['https://a.example/?key=k', 'https://a.example/?…'],
  ['https://user:pass@a.example/?key=k@l', 'https://…@a.example/?…'],
  ['redis://:pass@127.0.0.1:6379', 'redis://…@127.0.0.1:6379'],
  ['ftp//user:pass@a', 'ftp//…@a'],
  ['schemas/a@b.graphql', 'schemas/a@b.graphql'],
])('%s is shown as %s', (url, shown) => {
  expect(urlWithoutSecrets(url)).toBe(shown);
});

test('parameters are secret by their name, in any case', () => {
  expect(['token', 'Access_Token', 'code', 'variables'].every(isSecretParameter)).toBe(true);
  expect(['first', 'tokens', ''].some(isSecretParameter)).toBe(false);
});
