import { isIP } from 'node:net';
import * as z from 'zod';
import { headerName } from '../header.ts';

const addressRange = z
  .string()
  .refine(isAddressRange, 'expected an address or a range, such as "10.0.0.0/8", "192.0.2.7" or "2001:db8::/32"');

const proxies = z.strictObject({
  addresses: z.array(addressRange),
  header: headerName.prefault('x-forwarded-for'),
});

/** Addresses of trusted proxies, and the header in which they pass the client's address. */
export const trustedProxiesSection = z
  .union([z.array(addressRange).transform((addresses) => ({ addresses, header: 'x-forwarded-for' })), proxies], {
    error: 'expected a list of addresses and ranges ("10.0.0.0/8"), or an object with `addresses` and `header`',
  })
  .describe(
    "Addresses of proxies whose `x-forwarded-for` is trusted to have the client's address; for " +
      'another header, `{addresses: […], header: forwarded}`',
  );

export type TrustedProxies = z.output<typeof trustedProxiesSection>;

/** `10.0.0.0/8`, `192.0.2.7`, `2001:db8::/32` */
export function isAddressRange(text: string): boolean {
  const [address = '', length, more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more !== undefined) return false;
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128));
}
