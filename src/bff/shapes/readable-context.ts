import type { Identity } from '../../client/identity.ts';
import { plainValue } from '../../shared/exact-json.ts';
import type { CachePolicy } from '../caching/policy.ts';
import type { ShapeContext } from './shape.ts';

type Headers = ShapeContext['headers'];

/**
 * Returns the context of a shape. A cached response may be sent to other clients, so a shape only sees what the cache key
 * contains. A response that is not cached is only shared between equal requests, so its shape sees everything.
 */
export function readableContext(
  policy: CachePolicy | undefined,
  variables: ShapeContext['variables'],
  identity: Identity | undefined,
  headers: Headers,
): ShapeContext {
  const shown = { variables: plainValue(variables), identity: plainValue(identity) };
  if (policy === undefined) return { ...shown, headers };
  return {
    variables: shown.variables,
    identity: policy.scope === 'public' ? undefined : shown.identity,
    headers: new Proxy(pickHeaders(policy.vary, headers), THROW_ON_UNKNOWN),
  };
}

function pickHeaders(names: readonly string[], headers: Headers): Headers {
  const some: Record<string, string | string[] | undefined> = Object.create(null);
  for (const name of names) some[name] = headers[name];
  return some;
}

/** Reading a hidden header throws, because `undefined` would be misleading. */
const THROW_ON_UNKNOWN: ProxyHandler<Headers> = {
  get(headers, name) {
    if (typeof name === 'symbol' || name in headers || name in Object.prototype || name === 'toJSON')
      return Reflect.get(headers, name);
    throw new Error(
      `The shape reads the header "${name}", but the response is cached and does not vary by it. ` +
        `Add it to the cache settings: @endpoint(cache: {vary: ["${name}"]}).`,
    );
  },
};
