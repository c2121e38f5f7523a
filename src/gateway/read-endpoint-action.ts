import type { EndpointAction } from './admin-commands.ts';

const MAX_WEIGHT = 1_000_000;

/** Reads the body of an action on an endpoint. Returns what is wrong with it as a text. */
export function readEndpointAction(
  action: EndpointAction['action'],
  body: Readonly<Record<string, unknown>>,
): EndpointCommand | string {
  const { subgraph, url, variant, weight, ...others } = body;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return `"${unknown}" is unknown. Send ${expected(action)}.`;
  if (typeof subgraph !== 'string') return `"subgraph" is missing or no text. Send ${expected(action)}.`;
  if (typeof url !== 'string') return `"url" is missing or no text. Send ${expected(action)}.`;
  if (variant !== undefined && typeof variant !== 'string') return '"variant" is no text.';
  const target = { subgraph, url, variant };
  if (action !== 'weight') {
    if (weight !== undefined) return `"weight" is for /admin/endpoints/weight only.`;
    return { kind: 'endpoint', action: { ...target, action } };
  }
  const isWeight = typeof weight === 'number' && Number.isInteger(weight) && weight >= 1 && weight <= MAX_WEIGHT;
  if (!isWeight) return `"weight" must be a whole number from 1 to ${MAX_WEIGHT}. To send nothing to a URL, drain it.`;
  return { kind: 'endpoint', action: { ...target, action, weight } };
}

type EndpointCommand = { readonly kind: 'endpoint'; readonly action: EndpointAction };

function expected(action: EndpointAction['action']): string {
  const weight = action === 'weight' ? ', "weight": 2' : '';
  return `{"subgraph": "products", "url": "http://products-a:4001/graphql"${weight}}`;
}
