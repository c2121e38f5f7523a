import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressGroup, addressSet, clientAddress } from '../../src/policy/client-address.ts';

const trusts = addressSet(['10.0.0.0/8', '192.0.2.7', 'fd00::/8']);
const forwardedFor = clientAddress(trusts, 'x-forwarded-for');
const forwarded = clientAddress(trusts, 'forwarded');

describe('whose request it is, behind proxies', () => {
  it.each([
    ['a client that connects itself', '203.0.113.9', undefined, '203.0.113.9'],
    ['and says that it is somebody else', '203.0.113.9', '10.1.1.1', '203.0.113.9'],
    ['behind a proxy', '10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['behind two', '10.0.0.1', '203.0.113.9, 192.0.2.7', '203.0.113.9'],
    ['behind a proxy, and says that it is somebody else', '10.0.0.1', '198.51.100.1, 203.0.113.9', '203.0.113.9'],
    ['behind a proxy, and says that it is one', '10.0.0.1', '10.9.9.9, 203.0.113.9', '203.0.113.9'],
    ['a proxy that asks itself', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['a proxy that says nothing', '10.0.0.1', undefined, '10.0.0.1'],
    ['a proxy that says what is no address', '10.0.0.1', '203.0.113.9, unknown', '10.0.0.1'],
    ['a client that says what is no address', '10.0.0.1', 'unknown, 203.0.113.9', '203.0.113.9'],
    ['behind another that does not know it', '10.0.0.1', '203.0.113.9, unknown, 10.0.0.2', '10.0.0.2'],
    ['with a port', '10.0.0.1', '203.0.113.9:4711', '203.0.113.9'],
    ['IPv6', 'fd00::1', '2001:db8::9', '2001:db8::9'],
    ['IPv6 with a port', 'fd00::1', '[2001:db8::9]:4711', '2001:db8::9'],
    ['IPv4 within IPv6', 'fd00::1', '::ffff:203.0.113.9', '203.0.113.9'],
    ['a proxy as IPv4 within IPv6', '10.0.0.1', '203.0.113.9, ::ffff:10.0.0.2', '203.0.113.9'],
    ['an empty header', '10.0.0.1', '', '10.0.0.1'],
    ['commas alone', '10.0.0.1', ',,,', '10.0.0.1'],
  ])('%s', (_what, peer, header, expected) => {
    expect(forwardedFor(peer, { 'x-forwarded-for': header })).toBe(expected);
  });

  it.each([
    ['for=203.0.113.9', '203.0.113.9'],
    ['for=203.0.113.9;proto=https;by=10.0.0.1', '203.0.113.9'],
    ['proto=https; For="[2001:db8::9]:4711"', '2001:db8::9'],
    ['for=198.51.100.1, for=203.0.113.9, for=10.0.0.2', '203.0.113.9'],
    ['for="198.51.100.1, for=203.0.113.9', '203.0.113.9'],
    ['for=unknown', '10.0.0.1'],
    ['for=_hidden', '10.0.0.1'],
    ['for="', '10.0.0.1'],
    ['=;=,', '10.0.0.1'],
  ])('as RFC 7239 says it: %s', (header, expected) => {
    expect(forwarded('10.0.0.1', { forwarded: header })).toBe(expected);
  });

  it('only the header that the proxies write is read', () => {
    expect(forwarded('10.0.0.1', { 'x-forwarded-for': '198.51.100.1' })).toBe('10.0.0.1');
    expect(forwardedFor('10.0.0.1', { forwarded: 'for=198.51.100.1' })).toBe('10.0.0.1');
  });

  it('nothing that a client writes changes who it is taken for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (lie) => {
        expect(forwardedFor('10.0.0.1', { 'x-forwarded-for': `${lie}, 203.0.113.9` })).toBe('203.0.113.9');
        expect(forwarded('10.0.0.1', { forwarded: `${lie}, for=203.0.113.9` })).toBe('203.0.113.9');
        expect(forwardedFor('203.0.113.9', { 'x-forwarded-for': lie })).toBe('203.0.113.9');
      }),
    );
  });
});

describe('addresses that one client can choose from', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:0207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.7'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['not:an:address', 'not:an:address'],
  ])('%s is one of %s', (address, group) => {
    expect(addressGroup(address)).toBe(group);
  });
});

it('what is neither an address nor a range is reported', () => {
  expect(() => addressSet(['10.0.0.0/8', 'proxy.example'])).toThrow('"proxy.example" is neither');
});
