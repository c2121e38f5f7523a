import { describe, expect, it } from 'vitest';
import { namesInHeader } from '../../../src/policy/authentication/certificate-names.ts';

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
    expect(names('Hash=ab12;Subject="O=\\"Shop\\",CN=a\\,b"')).toMatchObject({ subject: 'O="Shop",CN=a,b' });
  });

  it.each([
    ['an element before it', `URI=spiffe://shop/root,${ADA}`],
    ['quotes around a comma', `Subject="CN=root,";URI=spiffe://shop/root,${ADA}`],
    ['an empty one', `,${ADA}`],
  ])('is that of the nearest proxy, whatever a client puts before it: %s', (_what, text) => {
    expect(names(text)).toMatchObject({ san_uri: 'spiffe://shop/ada', common_name: 'ada' });
  });

  it.each([
    ['quotes that swallow the rest', `Subject="${','}${ADA}`],
    ['quotes and a backslash', `Subject="\\,${ADA}`],
    ['a certificate that is none', 'Cert="-----BEGIN"'],
  ])('is refused with %s', (_what, text) => {
    expect(() => names(text)).toThrow('x-forwarded-client-cert holds no certificate');
  });
});
