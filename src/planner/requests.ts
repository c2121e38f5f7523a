import type { Operation } from '../operation/operation.ts';
import type { Abilities } from './abilities.ts';
import type { LookupTarget, PlannedLookup, PlannedRequest } from './plan.ts';
import type { Fetch } from './positions.ts';
import {
  isEmpty,
  type PrintedDocument,
  printEntityDocument,
  printEntitySelection,
  printRootDocument,
} from './print-document.ts';
import { describeItem } from './representation.ts';
import { type Batch, mergeLookups } from './schedule.ts';

/**
 * Writes each batch of fetches as one request: look-ups that send and select the same become one `_entities` field with
 * several targets, others stand beside it under an alias.
 *
 * In:  batch of `Product by upc { name }` for `topProducts` and for `reviews.product`
 * Out: `query($representations:[_Any!]!){_entities(representations:$representations){...on Product{name}}}` with two targets
 */
export function writeRequests(batches: readonly Batch[], operation: Operation, abilities: Abilities): PlannedRequest[] {
  const requestOf = new Map<Fetch, number>();
  batches.forEach((batch, id) => {
    for (const fetch of batch.fetches) requestOf.set(fetch, id);
  });
  return batches.map((batch, id) => {
    const dependsOn = new Set<number>();
    for (const fetch of batch.fetches) {
      for (const needed of fetch.dependsOn) dependsOn.add(requestOf.get(needed) ?? id);
    }
    dependsOn.delete(id);
    const written =
      batch.fetches[0]?.kind === 'root' ? writeRoot(batch, operation) : writeLookups(batch, operation, abilities);
    return { id, level: batch.level, dependsOn: [...dependsOn].sort((a, b) => a - b), ...written };
  });
}

type Written = Omit<PlannedRequest, 'id' | 'level' | 'dependsOn'>;

function writeRoot(batch: Batch, operation: Operation): Written {
  const [fetch] = batch.fetches;
  if (!fetch) throw new Error('an empty batch');
  const nested = fetch.position.origin !== undefined;
  const operationType = nested ? 'query' : operation.kind;
  const printed = printRootDocument({
    kind: operationType,
    node: fetch.node,
    definitions: operation.variables,
  });
  const { text, variables } = printed;
  const root = { position: fetch.position, node: fetch.node };
  return {
    subgraph: fetch.subgraph,
    kind: 'root',
    operationType,
    document: text,
    variables,
    root,
    lookups: [],
    documentFor: () => printed,
  };
}

function writeLookups(batch: Batch, operation: Operation, abilities: Abilities): Written {
  const [first] = batch.fetches;
  if (!first) throw new Error('an empty batch');
  const alike = new Map<string, { fetch: Fetch; selection: PrintedDocument; targets: LookupTarget[] }>();
  for (const fetch of mergeLookups(batch.fetches)) {
    if (isEmpty(fetch.node)) continue;
    const selection = printEntitySelection(fetch.node);
    const key = `${fetch.representation?.typename} ${fetch.representation?.fields.map(describeItem).join()} ${selection.text}`;
    const known = alike.get(key) ?? { fetch, selection, targets: [] };
    alike.set(key, known);
    known.targets.push({ position: fetch.position, node: fetch.node, types: targetTypes(fetch, abilities) });
  }
  const single = alike.size === 1;
  const names = new Set(operation.variables.map(({ variable }) => variable.name.value));
  const lookups: PlannedLookup[] = [];
  for (const { fetch, selection, targets } of alike.values()) {
    const alias = single ? '_entities' : `e${lookups.length}`;
    const variable = freeName(single ? 'representations' : `r${lookups.length}`, names);
    if (!fetch.representation) throw new Error('an entity look-up without a representation');
    lookups.push({ alias, variable, representation: fetch.representation, selection, node: fetch.node, targets });
  }
  const documentFor = (some: readonly PlannedLookup[]) => printEntityDocument(some, operation.variables);
  const { text, variables } = documentFor(lookups);
  return {
    subgraph: first.subgraph,
    kind: 'entities',
    operationType: 'query',
    document: text,
    variables,
    root: undefined,
    lookups,
    documentFor,
  };
}

function targetTypes(fetch: Fetch, abilities: Abilities): ReadonlySet<string> | undefined {
  const { condition, position } = fetch;
  if (condition === position.type) return undefined;
  return abilities.possible(condition);
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted;
  while (taken.has(name)) name = `_${name}`;
  return name;
}
