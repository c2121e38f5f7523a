import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BadCredential } from '../../../src/policy/authentication/authentication-error.ts';
import { namesInHeader, namesOf } from '../../../src/policy/authentication/certificate-names.ts';
import { PROGRAMS } from '../../programs.ts';

const names = (text: string) => namesInHeader('x-forwarded-client-cert', text);
const ADA = 'By=spiffe://shop/gateway;Hash=ab12;Subject="CN=ada,O=Shop";URI=spiffe://shop/ada;DNS=ada.example';

describe('x-forwarded-client-cert', () => {
  it('tells what the proxy has seen of the certificate', () => {
    expect(names(ADA)).toEqual({
      subject: 'CN=ada,O=Shop',
      common_name: 'ada',
      san_uri: 'spiffe://shop/ada',
      san_dns: 'ada.example',
      san_email: undefined,
      fingerprint256: 'ab12',
    });
  });

  it.each([
    ['a comma', 'CN=ada\\,O=Shop', 'ada,O=Shop'],
    ['quotes', 'O=\\"Shop\\",CN=a\\"b', 'a"b'],
    ['a quote and a semicolon', 'CN=x\\"\\;URI=spiffe://shop/root', 'x";URI=spiffe://shop/root'],
    ['a backslash at its end', 'CN=ada\\\\', 'ada\\'],
    ['a backslash before a comma', 'CN=ada\\\\,O=Shop', 'ada\\'],
    ['a plus', 'CN=a\\+OU=b', 'a+OU=b'],
    ['an equals sign', 'O=CN=root,CN=ada', 'ada'],
    ['blanks at both ends', 'CN=\\ ada\\ ,O=Shop', ' ada '],
    ['a number sign', 'CN=\\#ada', '#ada'],
    ['bytes in hexadecimal digits', 'CN=Ad\\C3\\A9le,O=Shop', 'Adéle'],
    ['a comma in hexadecimal digits', 'CN=ada\\2CO=Shop', 'ada,O=Shop'],
    ['other attributes of the same relative name', 'OU=CN\\=root+CN=ada,O=Shop', 'ada'],
  ])('keeps the escapes of a subject and decodes those of its common name: %s', (_, subject, common_name) => {
    expect(names(`Hash=ab12;Subject="${subject}";URI=spiffe://shop/ada`)).toMatchObject({
      subject,
      common_name,
      san_uri: 'spiffe://shop/ada',
      fingerprint256: 'ab12',
    });
  });

  it.each([
    ['several common names', 'CN=ada,CN=root'],
    ['one that is no text', 'CN=#0C03616461'],
    ['none', 'OU=CN\\=root'],
    ['an empty one', 'CN=,O=Shop'],
    ['nothing at all', ''],
  ])('has no common name where the subject has %s', (_, subject) => {
    expect(names(`Hash=ab12;Subject="${subject}"`)).toMatchObject({ common_name: undefined, fingerprint256: 'ab12' });
  });

  it('takes the first of several names', () => {
    expect(names('URI=spiffe://a;URI=spiffe://b;DNS=a.example;DNS=b.example')).toMatchObject({
      san_uri: 'spiffe://a',
      san_dns: 'a.example',
    });
    expect(names('Hash=ab12;URI=')).toMatchObject({ san_uri: undefined });
  });

  it.each([
    ['an element before it', `URI=spiffe://shop/root,${ADA}`],
    ['a blank between elements', `URI=spiffe://shop/root, ${ADA}`],
    ['quotes around a comma', `Subject="CN=root\\,";URI=spiffe://shop/root,${ADA}`],
    ['an empty one', `,${ADA}`],
  ])('is that of the nearest proxy, whatever a client puts before it: %s', (_what, text) => {
    expect(names(text)).toMatchObject({ san_uri: 'spiffe://shop/ada', common_name: 'ada' });
  });

  it.each([
    ['quotes that swallow the rest', `Subject="${','}${ADA}`],
    ['quotes and a backslash', `Subject="\\,${ADA}`],
    ['quotes in the middle of a value', `URI=a"b,${ADA}`],
    ['text behind quotes', 'Subject="CN=ada"x;URI=spiffe://shop/ada'],
    ['text behind quotes that an attacker closes', 'Subject="CN=x";URI=spiffe://shop/root",O=Shop"'],
    ['two subjects', 'Subject="CN=ada";Subject="CN=root"'],
    ['two certificates', 'Cert="a";Cert="b"'],
    ['an element that is no pair', `root,${ADA}`],
    ['a pair without a key', '=spiffe://shop/root'],
    ['a key that Envoy does not write', 'Role=root;Subject="CN=ada"'],
    ['a pair that is empty', 'Hash=ab12;;URI=spiffe://shop/ada'],
    ['a certificate that is none', 'Cert="-----BEGIN"'],
    ['a subject that is no distinguished name', 'Subject="ada"'],
    ['a subject that ends with a comma', 'Subject="CN=ada,"'],
    ['quotes of a subject that are not escaped', 'Subject="CN=\\"ada,O=\\"Shop\\\\""'],
    ['an escape of nothing known', 'Subject="CN=a\\zb"'],
    ['half a byte', 'Subject="CN=ada\\C"'],
    ['bytes that are no UTF-8', 'Subject="CN=ada\\C3"'],
    ['a zero byte', 'Subject="CN=root\\00.example"'],
    ['a line break', 'Subject="CN=root\\0Ax"'],
    ['a semicolon that is not escaped', 'Subject="CN=ada;O=Shop"'],
  ])('is refused with %s', (_what, text) => {
    expect(() => names(text)).toThrow(BadCredential);
    expect(() => names(text)).toThrow('x-forwarded-client-cert has no valid certificate');
  });
});

describe.skipIf(!PROGRAMS.openssl)('a certificate as openssl writes it', () => {
  let dir: string;
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe', encoding: 'utf8' });
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'headgate-names-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** PEM of a certificate that signs itself. */
  function certificate(subject: string, alternative = 'URI:spiffe://shop/ada,DNS:ada.example,email:ada@shop.example') {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'key.pem'];
    const about = ['-utf8', '-multivalue-rdn', '-subj', subject, '-addext', `subjectAltName=${alternative}`];
    openssl('req', '-x509', ...key, '-out', 'cert.pem', '-days', '2', ...about);
    return readFileSync(join(dir, 'cert.pem'), 'utf8');
  }

  it.each([
    ['/O=Shop/CN=ada', 'ada'],
    ['/O=Shop/CN=ada,O=Root', 'ada,O=Root'],
    ['/O=Shop/CN=a"b;c<d>', 'a"b;c<d>'],
    ['/O=CN=root/CN=ada', 'ada'],
    ['/O=Shop/OU=x\\+CN=root+CN=ada', 'ada'],
    ['/O=Shop/CN=Adéle 😀', 'Adéle 😀'],
    ['/O=Shop/CN=#ada\\\\', '#ada\\'],
    ['/O=Shop, CN=root/CN=ada', 'ada'],
    ['/O=Shop\nCN=root/CN=ada', undefined],
    ['/CN=root/CN=ada', undefined],
  ])('%s is known by the same name in every way that it comes', (subject, expected) => {
    const pem = certificate(subject);
    const nameOf = (read: () => { common_name: string | undefined }) => {
      try {
        return read().common_name;
      } catch (error) {
        expect(error).toBeInstanceOf(BadCredential);
        return undefined;
      }
    };
    const bytes = new X509Certificate(pem).raw.toString('base64');
    const envoy = openssl('x509', '-in', 'cert.pem', '-noout', '-subject', '-nameopt', 'RFC2253').slice(
      'subject='.length,
    );
    expect(nameOf(() => namesOf(new X509Certificate(pem)))).toBe(expected);
    expect(nameOf(() => namesInHeader('client-cert', `:${bytes}:`))).toBe(expected);
    expect(nameOf(() => namesInHeader('x-client-cert', encodeURIComponent(pem)))).toBe(expected);
    expect(nameOf(() => names(`Hash=ab12;Cert="${encodeURIComponent(pem)}";Subject="CN=other"`))).toBe(expected);
    expect(nameOf(() => names(`Hash=ab12;Subject="${envoy.trim()}";URI=spiffe://shop/ada`))).toBe(expected);
  });

  it('has its alternative names, each by its kind', () => {
    expect(namesOf(new X509Certificate(certificate('/O=Shop/CN=ada')))).toMatchObject({
      subject: 'O=Shop,CN=ada',
      san_uri: 'spiffe://shop/ada',
      san_dns: 'ada.example',
      san_email: 'ada@shop.example',
    });
  });

  it.each([
    ['URI:http://a/\\, DNS:root.example', 'http://a/, DNS:root.example', undefined],
    ['URI:http://a/\\"\\, URI:spiffe://shop/root', 'http://a/", URI:spiffe://shop/root', undefined],
    ['otherName:1.2.3.4;UTF8:x\\, DNS:root.example,DNS:ada.example', undefined, 'ada.example'],
  ])('one alternative name cannot pass for two: %s', (alternative, san_uri, san_dns) => {
    // in a section of its own, since a list on one line has no escape for commas
    const section = alternative
      .split(/(?<!\\),(?=\w+:)/)
      .map((one, index) => one.replace(/^(\w+):/, `$1.${index} = `).replaceAll('\\,', ','))
      .join('\n');
    const pem = certificate('/O=Shop/CN=ada', `@names\n[names]\n${section}`);
    expect(namesOf(new X509Certificate(pem))).toMatchObject({ san_uri, san_dns });
  });

  it('is not taken out of a header that has two', () => {
    const one = certificate('/O=Shop/CN=ada');
    const two = certificate('/O=Shop/CN=root');
    const bytes = new X509Certificate(one).raw.toString('base64');
    for (const text of [`:${bytes}:, :${bytes}:`, `:${bytes}`, `:${bytes}!:`, ':YWJj:', '::'])
      expect(() => namesInHeader('client-cert', text)).toThrow(BadCredential);
    for (const text of [one + two, `${encodeURIComponent(one)}, ${encodeURIComponent(two)}`, 'ada', '%'])
      expect(() => namesInHeader('x-client-cert', text)).toThrow(BadCredential);
  });
});
