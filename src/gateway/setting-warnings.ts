import type { Config } from '../config/config.ts';
import { isLoopback } from '../config/sections/login.ts';

/** A setting that is allowed, but probably a mistake or out of date. */
export interface SettingWarning {
  /** The whole key, with the positions of list items: `authentication`, `router`, `jwt`, `jwks`, `0`, `url`. */
  readonly key: readonly string[];
  /**
   * `RENAMED_KEY`: an old name; `UNSAFE_SETTING`: credentials over a connection that others may read or change; `IGNORED_VALUE`: a
   * value that has no effect.
   */
  readonly code: 'RENAMED_KEY' | 'UNSAFE_SETTING' | 'IGNORED_VALUE';
  readonly message: string;
  /** How to fix it. */
  readonly hint: string;
}

/**
 * Returns warnings about keys with their old name, about credentials sent over plain http://, and about environment variables that have no
 * effect.
 */
export function settingWarnings(config: Config, env: NodeJS.ProcessEnv = process.env): SettingWarning[] {
  const unsafe = [...keySets(config), ...introspection(config), ...providers(config)];
  const named = unsafe.map((warning) => ({ ...warning, code: 'UNSAFE_SETTING' as const }));
  return [...oldNames(config), ...named, ...sdkDisabled(env)];
}

/** @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#boolean-value */
function sdkDisabled({ OTEL_SDK_DISABLED: value = '' }: NodeJS.ProcessEnv): SettingWarning[] {
  if (['', 'true', 'false'].includes(value.trim().toLowerCase())) return [];
  const message = `"${value}" counts as false, so traces and metrics stay as configured: only "true" switches them off.`;
  return [{ key: ['OTEL_SDK_DISABLED'], code: 'IGNORED_VALUE', message, hint: 'Use true, or false.' }];
}

function oldNames({ renamed_keys = [] }: Config): SettingWarning[] {
  return renamed_keys.map(({ from, to }) => {
    const message = `This key is now called \`${to.join('.')}\`; the old name still works.`;
    return { key: from, code: 'RENAMED_KEY', message, hint: 'Rename it in your config.' };
  });
}

type Warning = Omit<SettingWarning, 'code'>;

const HTTPS = 'Use https://.';

function keySets({ authentication }: Config): Warning[] {
  return authentication.router.jwt.jwks.flatMap((entry, at) => {
    const host = plainHost(entry.url);
    if (host === undefined) return [];
    const key = ['authentication', 'router', 'jwt', 'jwks', String(at), 'url'];
    const message = `The key set comes from ${host} over plain http://: an attacker who changes it on the way can sign tokens for any user.`;
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

function introspection({ introspection_endpoints }: Config): Warning[] {
  return introspection_endpoints.flatMap(({ url }, at) => {
    const host = plainHost(url);
    if (host === undefined) return [];
    const message = `Tokens and the client's secret go to ${host} over plain http://, and the response identifies the client.`;
    return [{ key: ['introspection_endpoints', String(at), 'url'], message, hint: HTTPS }];
  });
}

function providers({ login }: Config): Warning[] {
  return Object.entries(login).flatMap(([client, { issuer }]) => {
    const host = plainHost(issuer);
    if (host === undefined) return [];
    const message = `The login provider at ${host} is asked over plain http://: codes, tokens and the client's secret can be read on the way.`;
    return [{ key: ['login', client, 'issuer'], message, hint: HTTPS }];
  });
}

/** Returns the host of an http:// URL to another machine; `undefined` for all other URLs. */
function plainHost(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { protocol, hostname, host } = new URL(url);
  const isLocal = isLoopback(hostname) || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  return protocol === 'http:' && !isLocal ? host : undefined;
}
