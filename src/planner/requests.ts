import type { Operation } from '../operation/operation.ts';
import type { Steps } from '../shared/steps.ts';
import { contextKey } from './contexts.ts';
import type { FieldIndex } from './field-index.ts';
import { getOrMake } from './maps.ts';
import type { LookupPart, LookupTarget, PlannedLookup, PlannedRequest, PlannedRoot } from './plan.ts';
import type { ContextValue, Fetch, FetchNode, Representation } from './positions.ts';
import {
  type EntityLookupDocument,
  isEmpty,
  type PrintedDocument,
  printEntityDocument,
  printEntitySelection,
  printRootDocument,
  printRootFields,
  printSomeRootFields,
} from './print-document.ts';
import { itemText } from './representation.ts';
import { type Batch, mergeLookups } from './schedule.ts';

/**
 * Writes each batch of fetches as one request: look-ups that send and select the same become one `_entities` field
 * with several targets; others get an alias beside it.
 *
 * In:  batch of `Product by upc { name }` for `topProducts` and for `reviews.product`
 * Out: `query($representations:[_Any!]!){_entities(representations:$representations){...on Product{name}}}` with two
 * targets
 */
export function* writeRequests(
  batches: readonly Batch[],
  operation: Operation,
  fieldIndex: FieldIndex,
): Steps<PlannedRequest[]> {
  const requestOf = new Map<Fetch, number>();
  batches.forEach((batch, id) => {
    for (const fetch of batch.fetches) requestOf.set(fetch, id);
  });
  const requests: PlannedRequest[] = [];
  for (const [id, batch] of batches.entries()) {
    const dependsOn = new Set<number>();
    for (const fetch of batch.fetches) {
      for (const needed of fetch.dependsOn) dependsOn.add(requestOf.get(needed) ?? id);
    }
    dependsOn.delete(id);
    const isRoot = batch.fetches[0]?.kind === 'root';
    const written = isRoot ? writeRoot(batch, operation) : yield* writeLookups(batch, operation, fieldIndex);
    const groups = batch.fetches[0]?.groups;
    requests.push({ id, level: batch.level, dependsOn: [...dependsOn].sort((a, b) => a - b), groups, ...written });
    yield;
  }
  return requests;
}

type Written = Omit<PlannedRequest, 'id' | 'level' | 'dependsOn' | 'groups'>;

function writeRoot(batch: Batch, operation: Operation): Written {
  const [fetch] = batch.fetches;
  if (!fetch) throw new Error('an empty batch');
  const nested = fetch.position.origin !== undefined;
  const operationType = nested ? 'query' : operation.kind;
  const { node } = fetch;
  const { variables: definitions } = operation;
  const printed = printRootDocument({ kind: operationType, node, definitions });
  const { text, variables } = printed;
  const root: PlannedRoot = {
    position: fetch.position,
    node,
    fields: () => printRootFields(node),
    documentFor: (fields) => printSomeRootFields({ kind: operationType, definitions }, fields),
  };
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

function* writeLookups(batch: Batch, operation: Operation, fieldIndex: FieldIndex): Steps<Written> {
  const [first] = batch.fetches;
  if (!first) throw new Error('an empty batch');
  const alike = new Map<string, { fetch: Fetch; selection: PrintedDocument; targets: LookupTarget[] }>();
  for (const fetch of mergeLookups(batch.fetches)) {
    if (isEmpty(fetch.node)) continue;
    const { contexts, node, position } = fetch;
    const representation = representationOf(fetch);
    const selection = printEntitySelection(node, contextKey);
    const key = `${representation.typename} ${representation.fields.map(itemText).join()} ${selection.text}`;
    const { targets } = getOrMake(alike, key, () => ({ fetch, selection, targets: [] }));
    targets.push({ position, node, types: targetTypes(fetch, fieldIndex), contexts });
    yield;
  }
  const names = new LookupNames(operation, alike.size === 1);
  const lookups = [...alike.values()].map(({ fetch, selection, targets }, index): PlannedLookup => {
    const { node, contexts } = fetch;
    const partForSet = (n: number): LookupPart => {
      const named = contexts.map((_, context) => names.context(index, context, n));
      const passed = contexts.length === 0 ? { selection, ...NO_CONTEXTS } : passContexts(node, contexts, named);
      return { ...names.lookup(index, n), ...passed };
    };
    const representation = representationOf(fetch);
    if (contexts.length > 0) return { ...partForSet(0), partForSet, representation, node, targets };
    const { alias, variable } = names.lookup(index, 0);
    // most look-ups are of this kind, and an explicit literal is many times faster than a spread
    const { definitions, contextVariables } = NO_CONTEXTS;
    return { alias, variable, selection, definitions, contextVariables, partForSet, representation, node, targets };
  });
  const documentFor = (parts: readonly EntityLookupDocument[]) => printEntityDocument(parts, operation.variables);
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

const NO_CONTEXTS: Pick<LookupPart, 'definitions' | 'contextVariables'> = { definitions: [], contextVariables: [] };

/** @param names of the variables for the values, in order */
function passContexts(node: FetchNode, contexts: readonly ContextValue[], names: readonly string[]) {
  const byKey = new Map(contexts.map(({ key }, index) => [key, names[index] ?? '']));
  return {
    selection: printEntitySelection(node, (argument) => byKey.get(contextKey(argument)) ?? ''),
    definitions: contexts.map(({ type }, index) => `$${names[index]}:${type}`),
    contextVariables: names,
  };
}

function representationOf({ representation }: Fetch): Representation {
  if (!representation) throw new Error('an entity look-up without a representation');
  return representation;
}

function targetTypes(fetch: Fetch, fieldIndex: FieldIndex): ReadonlySet<string> | undefined {
  const { condition, position } = fetch;
  if (condition === position.type) return undefined;
  return fieldIndex.possible(condition);
}

/**
 * Names in the document of a request with look-ups; a single look-up needs no alias. Client variables keep their
 * names.
 */
class LookupNames {
  private readonly clientVariables: ReadonlySet<string>;
  private readonly single: boolean;

  constructor(operation: Operation, single: boolean) {
    this.clientVariables = new Set(operation.variables.map(({ variable }) => variable.name.value));
    this.single = single;
  }

  lookup(index: number, n: number): { alias: string; variable: string } {
    const alias = this.single ? '_entities' : `e${index}`;
    const variable = this.single ? 'representations' : `r${index}`;
    return { alias: numbered(alias, n), variable: this.free(variable, n) };
  }

  context(index: number, context: number, n: number): string {
    return this.free(this.single ? `c${context}` : `c${index}_${context}`, n);
  }

  private free(wanted: string, n: number): string {
    let name = numbered(wanted, n);
    while (this.clientVariables.has(name)) name = `_${name}`;
    return name;
  }
}

function numbered(name: string, n: number): string {
  return n === 0 ? name : `${name}_${n}`;
}
