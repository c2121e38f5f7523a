import { definePlugin } from 'headgate/plugin';

/**
 * Counts requests for each device, and not for each address. It writes the device of the cookie `device` to the header `x-device`, which a
 * rate limit names:
 *
 *     rate_limits:
 *       requests: [{ limit: 100, window: 1m, by: ["header:x-device"] }]
 */
export default definePlugin({
  name: 'rate-limit-identity',
  reads: { cookies: true, address: true },
  hooks: {
    // after authentication: the address is that of the client, behind trusted proxies
    onAuthenticate({ request }) {
      const cookies = (request.headers.get('cookie') ?? '').split(';').map((pair) => pair.trim());
      const device = cookies.find((pair) => pair.startsWith('device='))?.slice('device='.length);
      // replaces what a client sends itself, so that nobody chooses how it is counted
      request.headers.set('x-device', device ? `device ${device}` : `address ${request.ip}`);
    },
  },
});
