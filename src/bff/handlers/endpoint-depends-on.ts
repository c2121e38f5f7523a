import { type DependsOn, NOTHING, type Reads, reads, withoutHeaders, withReads } from '../../client/depends-on.ts';
import type { Engine } from '../../pipeline/engine.ts';
import type { Endpoint } from '../endpoints/endpoints.ts';

/** Records by endpoint. An endpoint is checked against one engine, so its record never changes. */
const RECORDS = new WeakMap<Endpoint, DependsOn | Promise<DependsOn>>();

/**
 * Returns what the responses of an endpoint depend on beside its parameters: what its operation depends on, and what the endpoint
 * itself reads. Returns a promise only while the operation is being planned.
 */
export function endpointDependsOn(engine: Engine, endpoint: Endpoint): DependsOn | Promise<DependsOn> {
  const known = RECORDS.get(endpoint);
  if (known !== undefined) return known;
  const ofOperation = engine.dependsOnOncePlanned({ query: endpoint.query, deferGroups: endpoint.timed });
  if (!(ofOperation instanceof Promise)) return remember(endpoint, ofOperation);
  const planning = ofOperation.then((record) => remember(endpoint, record));
  RECORDS.set(endpoint, planning);
  return planning;
}

function remember(endpoint: Endpoint, ofOperation: DependsOn): DependsOn {
  const { strip, add } = endpoint.settings.headers.request;
  // sources and policies see the headers as the settings of the client change them
  const changed = new Set([...strip, ...Object.keys(add)]);
  const record = withReads(withoutHeaders(ofOperation, changed), readsOf(endpoint));
  RECORDS.set(endpoint, record);
  return record;
}

/**
 * Returns what an endpoint reads besides its operation. The response of a mutation is never shared, and a repetition gets the first
 * response, so what it reads does not matter: parameters that differ are an error there.
 */
function readsOf(endpoint: Endpoint): Reads {
  const { method, parameters, cache, shape } = endpoint;
  if (method !== 'GET') return NOTHING;
  const readsClaim = parameters.some((one) => one.in === 'claim');
  // the shape of a cached response sees the identity only if the response is not public, and only headers in `vary`
  const seesIdentity = shape !== undefined && cache?.scope !== 'public';
  return reads({
    headers: headersReadBy(endpoint),
    patterns: shape !== undefined && cache === undefined ? [() => true] : [],
    identity: readsClaim || seesIdentity,
  });
}

/** Returns the names of the headers that an endpoint itself reads: header parameters, and those in `vary` of its cache. */
export function headersReadBy({ parameters, cache }: Endpoint): string[] {
  const named = parameters.filter((one) => one.in === 'header').map(({ name }) => name.toLowerCase());
  return [...named, ...(cache?.vary ?? [])];
}
