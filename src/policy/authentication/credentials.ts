import type { IncomingMessage } from 'node:http';
import { ConfigValueError } from '../../config/config-value-error.ts';
import type { ApiKeySettings } from '../../config/sections/api-keys.ts';
import type { AuthenticationSettings, TokenSource } from '../../config/sections/authentication.ts';
import { BadCredential } from './authentication-error.ts';

/** Finds a credential in a request; `undefined` when there is none. Throws `BadCredential` if it is malformed. */
export type FindCredential = (req: IncomingMessage) => string | undefined;

/**
 * Checks that tokens and API keys can be distinguished. In one header they need different prefixes. Throws `ConfigValueError`.
 */
export function checkCredentialPlaces(settings: AuthenticationSettings, apiKeys: ApiKeySettings | undefined): void {
  if (apiKeys === undefined) return;
  const prefix = apiKeys.header_value_prefix.toLowerCase();
  for (const place of tokenPlaces(settings)) {
    if (place.type !== 'header' || place.name !== apiKeys.header_name) continue;
    if (prefix !== '' && place.value_prefix !== '' && place.value_prefix.toLowerCase() !== prefix) continue;
    throw new ConfigValueError(
      `The header ${place.name} is configured for both API keys (api_keys.header_name) and tokens (authentication.router.jwt), ` +
        'so the gateway cannot tell which one a value is. Give API keys another header, or give each its own prefix: ' +
        'api_keys.header_value_prefix: ApiKey, and Bearer for tokens.',
    );
  }
}

function tokenPlaces({ router, cookie }: AuthenticationSettings): TokenSource[] {
  const { header_name, header_value_prefix, sources } = router.jwt;
  const cookies: TokenSource[] = cookie === undefined ? [] : [{ type: 'cookie', name: cookie }];
  return [{ type: 'header', name: header_name, value_prefix: header_value_prefix }, ...sources, ...cookies];
}

/** Returns a function that finds the token in a request. It tries the configured places in order; the first match wins. */
export function tokenFinder(settings: AuthenticationSettings, apiKeys: ApiKeySettings | undefined): FindCredential {
  const { ignore_other_prefixes } = settings.router.jwt;
  const finders = tokenPlaces(settings).map((place) => {
    if (place.type === 'cookie') return cookieFinder(place.name);
    // an API key in the same header has a different prefix
    const shared = apiKeys?.header_name === place.name;
    return headerFinder(place.name, place.value_prefix, ignore_other_prefixes || shared);
  });
  return (req) => {
    for (const find of finders) {
      const token = find(req);
      if (token !== undefined) return token;
    }
    return undefined;
  };
}

/** Returns a function that finds the API key in a request. `tokens`: where tokens are found, if they are configured. */
export function apiKeyFinder(settings: ApiKeySettings, tokens: AuthenticationSettings | undefined): FindCredential {
  const { header_name, header_value_prefix } = settings;
  const places = tokens === undefined ? [] : tokenPlaces(tokens);
  const shared = places.some((place) => place.type === 'header' && place.name === header_name);
  return headerFinder(header_name, header_value_prefix, shared);
}

/** @param ignoreOthers whether a value with another prefix counts as no credential */
function headerFinder(name: string, prefix: string, ignoreOthers: boolean): FindCredential {
  return (req) => {
    const value = req.headers[name];
    if (value === undefined) return undefined;
    // Node keeps the first of several `authorization` headers, while another server on the way may use the last
    if (typeof value !== 'string' || isRepeated(req.rawHeaders, name)) {
      throw new BadCredential('malformed', `the header ${name} is sent more than once`);
    }
    const credential = withoutPrefix(value, prefix);
    if (credential === undefined) {
      if (ignoreOthers) return undefined;
      throw new BadCredential('malformed', `the header ${name} does not begin with "${prefix} "`);
    }
    if (credential === '') throw new BadCredential('malformed', `the header ${name} has nothing after "${prefix}"`);
    return credential;
  };
}

/** Returns the text after the prefix. Prefixes are case-insensitive, as authentication schemes are. */
function withoutPrefix(value: string, prefix: string): string | undefined {
  const { length } = prefix;
  if (length === 0) return value.trim();
  if (value.slice(0, length).toLowerCase() !== prefix.toLowerCase()) return undefined;
  if (value.length > length && value[length] !== ' ') return undefined;
  return value.slice(length).trim();
}

/** `raw`: alternating names and values, as they were sent. */
function isRepeated(raw: readonly string[], name: string): boolean {
  let count = 0;
  for (let at = 0; at < raw.length; at += 2) {
    const sent = raw[at] as string;
    if (sent.length === name.length && sent.toLowerCase() === name) count++;
  }
  return count > 1;
}

function cookieFinder(name: string): FindCredential {
  return ({ headers: { cookie } }) => {
    if (cookie === undefined) return undefined;
    let found: string | undefined;
    for (const pair of cookie.split(';')) {
      const mark = pair.indexOf('=');
      if (mark < 0 || pair.slice(0, mark).trim() !== name) continue;
      const value = pair.slice(mark + 1).trim();
      // another site on a sibling domain may have set the second cookie of the same name
      if (found !== undefined && found !== value)
        throw new BadCredential('malformed', `the cookie ${name} is sent more than once`);
      found = value;
    }
    return found === '' ? undefined : found;
  };
}
