import type { SecurityHeadersConfig } from '../../config/sections/security-headers.ts';

/**
 * Returns the headers of every response, names in lower case; `undefined` if they are disabled.
 * @param tls whether the gateway serves TLS itself: without it, RFC 6797 (section 7.2) forbids `strict-transport-security`
 */
export function securityHeaders(config: SecurityHeadersConfig, tls: boolean): Record<string, string> | undefined {
  if (!config.enabled) return undefined;
  const { frame_options, referrer_policy, hsts } = config;
  const flags = `${hsts.include_subdomains ? '; includeSubDomains' : ''}${hsts.preload ? '; preload' : ''}`;
  return {
    'x-content-type-options': 'nosniff',
    ...(frame_options === 'none' ? {} : { 'x-frame-options': frame_options }),
    'referrer-policy': referrer_policy,
    ...(tls ? { 'strict-transport-security': `max-age=${Math.floor(hsts.max_age / 1_000)}${flags}` } : {}),
  };
}
