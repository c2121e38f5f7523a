import { describe, expect, it } from 'vitest';
import { readSubgraphUrl, socketPathOf, subgraphUrlLabel } from '../../src/shared/subgraph-url.ts';

describe('the URL of a subgraph', () => {
  it.each([
    ['http://a.test', { origin: 'http://a.test', path: '/' }],
    ['https://a.test:444/graphql?v=1#x', { origin: 'https://a.test:444', path: '/graphql?v=1' }],
    ['http://me:s%20e@a.test/', { origin: 'http://a.test', path: '/', credentials: 'me:s e' }],
    ['unix:///run/a.sock', { origin: 'unix:///run/a.sock', path: '/' }],
    ['unix:///run/a.sock?path=/graphql', { origin: 'unix:///run/a.sock', path: '/graphql' }],
    ['unix:///run/a.sock?path=graphql', { origin: 'unix:///run/a.sock', path: '/graphql' }],
    ['unix:///run/a.sock?path=/graphql%3Fv%3D1', { origin: 'unix:///run/a.sock', path: '/graphql?v=1' }],
    ['unix:///run/my%20app/a', { origin: 'unix:///run/my%20app/a', path: '/' }],
  ])('%s is read', (text, address) => expect(readSubgraphUrl(text)).toEqual(address));

  const UNIX =
    'expected an absolute path and, if it is not "/", the path of requests: unix:///run/products.sock?path=/graphql';

  it.each([
    ['a.test:80', 'expected an http://, https:// or unix:// URL'],
    ['ftp://a.test/', 'expected an http://, https:// or unix:// URL'],
    ['http://%zz@a.test/', 'expected credentials with "%25" for "%"'],
    ['unix://relative/a.sock', UNIX],
    ['unix:///', UNIX],
    ['unix:///run/', UNIX],
    ['unix:///run/a.sock?query=1', UNIX],
    ['unix:///run/a.sock#part', UNIX],
    ['unix:///run/%zz', UNIX],
    [`unix:///${'a'.repeat(103)}`, 'the path of the socket has 104 bytes; operating systems allow 103'],
  ])('%s is refused', (text, mistake) => expect(readSubgraphUrl(text)).toBe(mistake));

  it('has the path of the socket, decoded', () => {
    expect(socketPathOf('unix:///run/my%20app/a')).toBe('/run/my app/a');
    expect(socketPathOf('http://a.test')).toBeUndefined();
  });

  it('is labelled without credentials and query', () => {
    expect(subgraphUrlLabel('http://me:secret@a.test:80/graphql?key=1')).toBe('http://a.test/graphql');
    expect(subgraphUrlLabel('unix:///run/a.sock?path=/graphql')).toBe('unix:///run/a.sock');
  });
});
