import { subgraphUrlLabel } from '../shared/subgraph-url.ts';
import type { CircuitBreaker } from '../traffic/circuit-breaker.ts';
import type { EndpointGroups, ListedEndpoint } from '../traffic/endpoint-groups.ts';
import type { Circuit, TrafficState } from '../traffic/traffic-state.ts';
import type { EndpointAction, EndpointReport, EndpointTarget, Refusal } from './admin-commands.ts';

export interface EndpointControlParts {
  readonly groups: Pick<EndpointGroups, 'list'>;
  readonly trafficState: Pick<TrafficState, 'circuits'>;
  /** Called with each action that was applied. */
  readonly onAction?: ((action: string) => void) | undefined;
  /** A monotonic clock, in milliseconds. */
  readonly now?: () => number;
}

/** The endpoints of one process, for operators. */
export interface EndpointControl {
  list(): readonly EndpointReport[];
  /** Applies an action; returns why not if it cannot be applied. The next schema keeps what it has changed. */
  act(action: EndpointAction): Refusal | undefined;
}

export function createEndpointControl(parts: EndpointControlParts): EndpointControl {
  const { groups, trafficState, onAction, now = () => performance.now() } = parts;
  return {
    list() {
      const listed = groups.list();
      const circuits = [...trafficState.circuits()];
      const known = new Set(listed.map(({ subgraph, endpoint }) => `${subgraph} ${endpoint.label}`));
      const apis = circuits.filter(({ subgraph, endpoint }) => !known.has(`${subgraph} ${endpoint}`));
      return [
        ...listed.map((one) => ({ ...reportOf(one, now()), ...circuitReport(circuits, one) })),
        ...apis.map(({ subgraph, endpoint: url, value }) => ({ subgraph, url, ...stateOf(value) })),
      ];
    },
    act(action) {
      const label = URL.canParse(action.url) ? subgraphUrlLabel(action.url) : undefined;
      const endpoints = groups.list().filter((one) => isTarget(one, action, label));
      const circuits = [...trafficState.circuits()].filter(
        ({ subgraph, endpoint }) => subgraph === action.subgraph && endpoint === label,
      );
      const isApi = endpoints.length === 0 && action.variant === undefined && circuits.length > 0;
      const refusal = endpoints.length > 0 || isApi ? apply(action, endpoints, circuits) : unknownEndpoint(action);
      if (refusal === undefined) onAction?.(action.action);
      return refusal;
    },
  };
}

function isTarget({ subgraph, variant, endpoint }: ListedEndpoint, target: EndpointTarget, label: string | undefined) {
  return subgraph === target.subgraph && variant === target.variant && endpoint.label === label;
}

function apply(
  action: EndpointAction,
  endpoints: readonly ListedEndpoint[],
  circuits: readonly Circuit[],
): Refusal | undefined {
  switch (action.action) {
    case 'trip':
      if (circuits.length === 0) return withoutBreaker(action);
      for (const { value } of circuits) value.trip();
      return undefined;
    case 'reset':
      return reset(action, endpoints, circuits);
    default:
      return applyToGroup(action, endpoints);
  }
}

/** Closes the circuit, and ends an ejection. */
function reset(
  target: EndpointTarget,
  endpoints: readonly ListedEndpoint[],
  circuits: readonly Circuit[],
): Refusal | undefined {
  const grouped = endpoints.filter(({ group }) => group !== undefined);
  if (circuits.length === 0 && grouped.length === 0) return withoutBreaker(target);
  for (const { value } of circuits) value.reset();
  for (const { group, endpoint } of grouped) group?.resetEjections(endpoint);
  return undefined;
}

/** Drains, undrains, or changes the weight. */
function applyToGroup(action: EndpointAction, endpoints: readonly ListedEndpoint[]): Refusal | undefined {
  if (endpoints.every(({ group }) => group === undefined)) return onlyUrl(action);
  const drained: ListedEndpoint[] = [];
  for (const one of endpoints) {
    const { group, endpoint } = one;
    const wasDrained = endpoint.isDrained;
    if (action.action === 'weight') group?.setWeight(endpoint, action.weight);
    else if (group?.setDrained(endpoint, action.action === 'drain') === false) {
      // URLs that differ in their query only are one to operators: a refused action changes none of them
      for (const before of drained) before.group?.setDrained(before.endpoint, false);
      return lastUrl(action);
    } else if (!wasDrained) drained.push(one);
  }
  return undefined;
}

function reportOf({ subgraph, variant, endpoint, group, isChecked }: ListedEndpoint, now: number): EndpointReport {
  const { label: url, inFlight } = endpoint;
  if (group === undefined) return { subgraph, variant, url, requests_in_progress: inFlight };
  const isEjected = endpoint.isEjected(now);
  return {
    subgraph,
    variant,
    url,
    priority: endpoint.priority,
    weight: endpoint.weight,
    configured_weight: endpoint.configuredWeight,
    drained: endpoint.isDrained,
    health: isChecked ? (endpoint.isUnhealthy ? 'unhealthy' : 'healthy') : undefined,
    ejected: isEjected,
    ejected_for_ms: isEjected ? Math.ceil(endpoint.ejectedUntil - now) : undefined,
    ejections: endpoint.ejections,
    requests_in_progress: inFlight,
  };
}

function circuitReport(circuits: readonly Circuit[], { subgraph, endpoint }: ListedEndpoint): Partial<EndpointReport> {
  const circuit = circuits.find((one) => one.subgraph === subgraph && one.endpoint === endpoint.label);
  return circuit ? stateOf(circuit.value) : {};
}

function stateOf({ state, isTripped }: CircuitBreaker): Pick<EndpointReport, 'circuit_breaker' | 'tripped'> {
  return { circuit_breaker: state, tripped: isTripped };
}

function unknownEndpoint({ subgraph, variant, url }: EndpointTarget): Refusal {
  const owner = variant === undefined ? `The subgraph "${subgraph}"` : `The variant "${variant}" of "${subgraph}"`;
  const detail = `${owner} has no endpoint ${url}. GET /admin/endpoints lists all endpoints.`;
  return { status: 404, kind: 'unknown-endpoint', detail };
}

function onlyUrl({ subgraph, url }: EndpointTarget): Refusal {
  const detail = `${url} is the only URL of "${subgraph}", so requests cannot go elsewhere. To stop all requests to it, use "trip".`;
  return { status: 409, kind: 'only-endpoint', detail };
}

function lastUrl({ subgraph, url }: EndpointTarget): Refusal {
  const detail = `All other URLs of "${subgraph}" are drained, so ${url} must stay. Undrain another one first, or use "trip" to stop all requests.`;
  return { status: 409, kind: 'only-endpoint', detail };
}

function withoutBreaker({ subgraph }: EndpointTarget): Refusal {
  const detail = `The subgraph "${subgraph}" has no circuit breaker. Set traffic_shaping.subgraphs.${subgraph}.circuit_breaker, or traffic_shaping.all.circuit_breaker.`;
  return { status: 409, kind: 'no-circuit-breaker', detail };
}
