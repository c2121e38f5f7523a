import type { IncomingHttpHeaders } from 'node:http';
import { linearPattern } from '../../config/linear-pattern.ts';
import type { CorsConfig } from '../../config/sections/cors.ts';
import type { CountRefusal } from '../../telemetry/instruments.ts';
import { isBelow } from './paths.ts';

type Policy = CorsConfig['policies'][number];
type Headers = Readonly<Record<string, string>>;

/**
 * The CORS headers of responses.
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export interface Cors {
  /** Returns the headers for the response to a request. */
  headersFor(path: string, headers: IncomingHttpHeaders): Headers | undefined;
  /** Returns the headers for the response to a preflight request; `undefined` if it is not one, or not allowed. */
  preflight(path: string, headers: IncomingHttpHeaders): Headers | undefined;
}

/**
 * Creates the CORS policies; `undefined` if none is configured.
 * @param onRefused called for each cross-origin request that no policy allows
 */
export function createCors({ policies }: CorsConfig, onRefused?: CountRefusal): Cors | undefined {
  if (policies.length === 0) return undefined;
  const compiled = policies.map(compile);
  const find = (path: string, origin: string) => compiled.find((one) => one.matchesOrigin(path, origin));
  return {
    headersFor(path, headers) {
      const { origin } = headers;
      const here = compiled.filter(({ policy }) => policy.paths.some((prefix) => isBelow(path, prefix)));
      if (here.length === 0) return undefined;
      // the response depends on the origin, which caches have to know
      if (origin === undefined) return here.every(({ open }) => open) ? here[0]?.headersFor('*') : VARY;
      const fitting = find(path, origin);
      if (fitting) return fitting.headersFor(origin);
      // same-origin requests need no policy
      const isPreflight = headers['access-control-request-method'] !== undefined;
      if (!isPreflight && hostOf(origin) !== headers.host) onRefused?.('cors', 'origin');
      return VARY;
    },
    preflight(path, headers) {
      const { origin } = headers;
      const method = headers['access-control-request-method'];
      if (origin === undefined || method === undefined) return undefined;
      const fitting = find(path, origin);
      if (!fitting) onRefused?.('cors', 'preflight');
      return fitting?.preflight(origin, headers);
    },
  };
}

function hostOf(origin: string): string {
  return origin.slice(origin.indexOf('://') + 3);
}

const VARY: Headers = { vary: 'origin' };

interface CompiledPolicy {
  readonly policy: Policy;
  /** Whether the response is the same for every origin. */
  readonly open: boolean;
  matchesOrigin(path: string, origin: string): boolean;
  headersFor(origin: string): Headers;
  preflight(origin: string, headers: IncomingHttpHeaders): Headers;
}

function compile(policy: Policy): CompiledPolicy {
  const open = policy.origins.includes('*');
  const origins = new Set(policy.origins);
  const patterns = policy.match_origins.map((pattern) => linearPattern(pattern, { whole: true }));
  const headersFor = (origin: string): Headers => ({
    'access-control-allow-origin': open ? '*' : origin,
    ...(open ? {} : VARY),
    ...(policy.allow_credentials ? { 'access-control-allow-credentials': 'true' } : {}),
    ...(policy.expose_headers.length === 0
      ? {}
      : { 'access-control-expose-headers': policy.expose_headers.join(', ') }),
  });
  return {
    policy,
    open,
    matchesOrigin: (path, origin) =>
      policy.paths.some((prefix) => isBelow(path, prefix)) &&
      (open || origins.has(origin) || patterns.some((matches) => matches(origin))),
    headersFor,
    preflight(origin, headers) {
      const requested = headers['access-control-request-headers'];
      const allowed = policy.allow_headers.length > 0 ? policy.allow_headers.join(', ') : requested;
      return {
        ...headersFor(origin),
        'access-control-allow-methods': policy.methods.join(', '),
        ...(allowed === undefined ? {} : { 'access-control-allow-headers': allowed }),
        ...(policy.max_age === undefined
          ? {}
          : { 'access-control-max-age': String(Math.floor(policy.max_age / 1_000)) }),
        vary: open ? 'access-control-request-headers' : 'origin, access-control-request-headers',
      };
    },
  };
}
