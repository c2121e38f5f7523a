import type { Config } from '../config/config.ts';
import { isLoopback } from '../config/sections/login.ts';

/** A setting that holds, and that is likely not meant so. */
export interface SettingWarning {
  /** The whole key, with the positions of list items: `authentication`, `router`, `jwt`, `jwks`, `0`, `url`. */
  readonly key: readonly string[];
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
}

/** Settings by which credentials are decided over connections that others may read or change. */
export function settingWarnings(config: Config): SettingWarning[] {
  return [...keySets(config), ...introspection(config), ...providers(config)];
}

const HTTPS = 'Use https://.';

function keySets({ authentication }: Config): SettingWarning[] {
  return authentication.router.jwt.jwks.flatMap((entry, at) => {
    const host = plainHost(entry.url);
    if (host === undefined) return [];
    const key = ['authentication', 'router', 'jwt', 'jwks', String(at), 'url'];
    const message = `The key set comes from ${host} over plain http://: who can change it on the way can sign tokens for anybody.`;
    const { issuer, issuers, audience, audiences } = entry;
    if ((issuer ?? issuers ?? audience ?? audiences) !== undefined) return [{ key, message, hint: HTTPS }];
    return [
      {
        key,
        message: `${message} Neither \`issuer\` nor \`audience\` is set, so that nothing but these keys is checked.`,
        hint: `${HTTPS} Set \`issuer\` and \`audience\` to what the tokens for this gateway have.`,
      },
    ];
  });
}

function introspection({ introspection_endpoints }: Config): SettingWarning[] {
  return introspection_endpoints.flatMap(({ url }, at) => {
    const host = plainHost(url);
    if (host === undefined) return [];
    const message = `Tokens and the client's secret go to ${host} over plain http://, and what comes back decides who asks.`;
    return [{ key: ['introspection_endpoints', String(at), 'url'], message, hint: HTTPS }];
  });
}

function providers({ login }: Config): SettingWarning[] {
  return Object.entries(login).flatMap(([client, { issuer }]) => {
    const host = plainHost(issuer);
    if (host === undefined) return [];
    const message = `The login provider at ${host} is asked over plain http://: codes, tokens and the client's secret can be read on the way.`;
    return [{ key: ['login', client, 'issuer'], message, hint: HTTPS }];
  });
}

/** The host of an http:// URL that leads to another machine. */
function plainHost(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { protocol, hostname, host } = new URL(url);
  const isLocal = isLoopback(hostname) || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  return protocol === 'http:' && !isLocal ? host : undefined;
}
