import type { Identity } from '../../client/identity.ts';
import { plainValue } from '../../shared/exact-json.ts';
import type { CachePolicy } from '../caching/policy.ts';
import type { ShapeContext } from './shape.ts';

type Headers = ShapeContext['headers'];

/**
 * What a shape gets to see of a request: nothing on which a kept answer does not depend, for others may get the same. An
 * answer that is not kept is shared only between requests that agree in everything.
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
    headers: new Proxy(named(policy.vary, headers), REFUSING),
  };
}

function named(names: readonly string[], headers: Headers): Headers {
  const some: Record<string, string | string[] | undefined> = Object.create(null);
  for (const name of names) some[name] = headers[name];
  return some;
}

/** A header that seems never to be there would be a riddle. */
const REFUSING: ProxyHandler<Headers> = {
  get(headers, name) {
    if (typeof name === 'symbol' || name in headers || name in Object.prototype || name === 'toJSON')
      return Reflect.get(headers, name);
    throw new Error(
      `The shape reads the header "${name}", but the answer is kept and does not depend on it. ` +
        `Name it in the cache: @endpoint(cache: {vary: ["${name}"]}).`,
    );
  },
};
