import { Kind, type TypeNode } from 'graphql';
import type { DroppedItems } from '../operation/drop-fields.ts';
import type { LookupTarget, PlannedLookup, PlannedRequest, QueryPlan } from '../planner/plan.ts';
import type { AliasScope, FetchNode, Position } from '../planner/positions.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { CompiledFragments } from './compiled-fragments.ts';
import { type CompiledContexts, compileContexts } from './gather-by-context.ts';
import { quote } from './json-text.ts';
import { NOT_DEFERRED } from './object-shapes.ts';
import { Projection } from './projection.ts';
import { compileRepresentation, type RepresentationWriter } from './representation-writer.ts';
import { RequestDocuments } from './request-documents.ts';
import { findSharedReads, type SharedReads } from './shared-reads.ts';

/** A plan prepared to run many times: everything that does not depend on a request is precomputed. */
export interface CompiledPlan {
  readonly plan: QueryPlan;
  readonly requests: readonly CompiledRequest[];
  readonly projection: Projection;
  /** The deferred fragments, where some are delivered later. */
  readonly fragments: CompiledFragments | undefined;
  /** What is read for later payloads and for those before them; `undefined` where all data comes in one. */
  readonly sharedReads: SharedReads | undefined;
  /** The size of the subgraph responses of its last execution, in UTF-16 code units: an estimate for the next one. */
  readonly last: { text: number };
}

/** A planned request with everything precomputed that its executions share. */
export interface CompiledRequest {
  readonly planned: PlannedRequest;
  /** Ids of the requests that wait for this one. */
  readonly dependents: readonly number[];
  readonly document: RequestDocuments;
  readonly rootKeys: readonly WrittenKey[];
  /** As {@link CompiledLookup.copiesForEach}, for root fields that are requested below others. */
  readonly copiesForEach: boolean;
  readonly lookups: readonly CompiledLookup[];
  /** Whether it selects fields whose numbers keep their notation: `Float` and custom scalars. */
  readonly hasDecimals: boolean;
}

/** A planned look-up with everything precomputed that its executions share. */
export interface CompiledLookup {
  readonly planned: PlannedLookup;
  /** `"representations":[` */
  readonly variableHead: string;
  readonly representation: RepresentationWriter;
  readonly keys: readonly WrittenKey[];
  /** The keys that need no inputs, where others do; else `undefined`. */
  readonly independentKeys: readonly WrittenKey[] | undefined;
  readonly targets: readonly LookupTarget[];
  /** Whether the entities contain objects, and several places receive them. */
  readonly copiesObjects: boolean;
  /**
   * Whether the entities contain objects, and each receiving object needs its own copy, because fields below depend
   * on objects above.
   */
  readonly copiesForEach: boolean;
  readonly contexts: CompiledContexts | undefined;
}

/** A key that a response writes into its target objects. */
export interface WrittenKey {
  readonly key: string;
  /**
   * Whether something else writes this key into the same objects, even in the same request, so that the values have
   * to be merged.
   */
  readonly shared: boolean;
  /** The positions of the objects below; none where it is not shared. */
  readonly below: readonly Position[];
  /** Whether it is left out for an object whose representation lacked an input. */
  readonly needsInputs: boolean;
}

export interface CompileOptions {
  /** Fields that the plan leaves out, and that are written as null. */
  readonly dropped?: DroppedItems | undefined;
  /** Whether the fields of defer groups are written after the rest, each group on its own. */
  readonly streamed?: boolean | undefined;
}

/** Compiles a plan. */
export function compilePlan(plan: QueryPlan, supergraph: Supergraph, options?: CompileOptions): CompiledPlan {
  const steps = compileInSteps(plan, supergraph, options);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Compiles a plan as {@link compilePlan} does, in steps between which other work may run. */
export function* compileInSteps(
  plan: QueryPlan,
  supergraph: Supergraph,
  { dropped, streamed }: CompileOptions = {},
): Generator<void, CompiledPlan> {
  const writers = countWriters(plan);
  const positionsApart = aboveContexts(plan);
  const dependents: number[][] = plan.requests.map(() => []);
  for (const { id, dependsOn } of plan.requests) for (const needed of dependsOn) dependents[needed]?.push(id);
  const requests: CompiledRequest[] = [];
  for (const planned of plan.requests) {
    const lookups: CompiledLookup[] = [];
    for (const lookup of planned.lookups) {
      lookups.push(compileLookup(lookup, writers, positionsApart));
      yield;
    }
    requests.push({
      planned,
      dependents: dependents[planned.id] ?? [],
      document: new RequestDocuments(planned),
      rootKeys: planned.root ? writtenKeys([planned.root], writers) : [],
      copiesForEach: planned.root !== undefined && positionsApart.has(planned.root.position),
      lookups,
      hasDecimals: [planned.root, ...planned.lookups].some((part) => part && readsDecimals(part.node, supergraph)),
    });
    yield;
  }
  const root = { position: plan.root, selection: plan.selection };
  const { fragmentSets } = plan.operation;
  if (fragmentSets !== undefined) {
    const compiled = new CompiledFragments(plan, fragmentSets, supergraph, dropped);
    const fragments = compiled.isEmpty ? undefined : compiled;
    const projection = fragments?.projectionOf(NOT_DEFERRED) ?? new Projection(supergraph, root, { dropped });
    return {
      plan,
      requests,
      projection,
      fragments,
      sharedReads: fragments && findSharedReads(plan, supergraph.types, fragments.lists),
      last: { text: 0 },
    };
  }
  const projection = new Projection(supergraph, root, {
    dropped,
    deferred: plan.deferred,
    leavesOutDeferred: streamed,
  });
  const sharedReads = streamed && plan.deferred ? findSharedReads(plan, supergraph.types, undefined) : undefined;
  return { plan, requests, projection, fragments: undefined, sharedReads, last: { text: 0 } };
}

function compileLookup(lookup: PlannedLookup, writers: Writers, positionsApart: ReadonlySet<Position>): CompiledLookup {
  const keys = writtenKeys(lookup.targets, writers);
  return {
    planned: lookup,
    variableHead: `${quote(lookup.variable)}:[`,
    representation: compileRepresentation(lookup.representation),
    keys,
    independentKeys: keys.some(({ needsInputs }) => needsInputs) ? keys.filter((key) => !key.needsInputs) : undefined,
    targets: lookup.targets,
    copiesObjects: lookup.targets.length > 1 && hasObjects(lookup.node),
    copiesForEach: lookup.targets.some(({ position }) => positionsApart.has(position)) && hasObjects(lookup.node),
    contexts: compileContexts(lookup),
  };
}

/** Returns the positions of objects that take values from contexts, and all positions above them. */
function aboveContexts(plan: QueryPlan): Set<Position> {
  const positions = new Set<Position>();
  for (const { lookups } of plan.requests) {
    for (const { contextVariables, targets } of lookups) {
      if (contextVariables.length === 0) continue;
      for (const target of targets) {
        for (let at: Position | undefined = target.position; at; at = at.origin?.parent) positions.add(at);
      }
    }
  }
  return positions;
}

function hasObjects(node: FetchNode): boolean {
  for (const field of node.fields.values()) if (field.node) return true;
  for (const typeCondition of node.typeConditions.values()) if (hasObjects(typeCondition)) return true;
  return false;
}

function readsDecimals(node: FetchNode, supergraph: Supergraph): boolean {
  for (const { type, node: below } of node.fields.values()) {
    if (below ? readsDecimals(below, supergraph) : isDecimal(type, supergraph)) return true;
  }
  for (const typeCondition of node.typeConditions.values()) if (readsDecimals(typeCondition, supergraph)) return true;
  return false;
}

function isDecimal(type: TypeNode, supergraph: Supergraph): boolean {
  if (type.kind !== Kind.NAMED_TYPE) return isDecimal(type.type, supergraph);
  const { value: name } = type.name;
  return !WITHOUT_DECIMALS.has(name) && supergraph.types.get(name)?.kind !== 'enum';
}

const WITHOUT_DECIMALS: ReadonlySet<string> = new Set(['String', 'ID', 'Int', 'Boolean']);

/** For each path and key, the numbers of the root fields and look-ups that write it. */
type Writers = Map<AliasScope, Map<string, Set<number>>>;

function countWriters(plan: QueryPlan): Writers {
  const writers: Writers = new Map();
  const visit = (node: FetchNode, position: Position, writer: number) => {
    const ofScope = writers.get(position.aliasScope) ?? new Map<string, Set<number>>();
    writers.set(position.aliasScope, ofScope);
    for (const [key, { node: below }] of node.fields) {
      ofScope.set(key, (ofScope.get(key) ?? new Set()).add(writer));
      if (below) visit(below, below.position, writer);
    }
    for (const typeCondition of node.typeConditions.values()) visit(typeCondition, position, writer);
  };
  let writer = 0;
  for (const { root, lookups } of plan.requests) {
    if (root) visit(root.node, root.position, writer++);
    for (const { targets } of lookups) {
      for (const target of targets) visit(target.node, target.position, writer);
      writer += 1;
    }
  }
  return writers;
}

const NO_POSITIONS: readonly Position[] = [];

function writtenKeys(places: readonly { node: FetchNode; position: Position }[], writers: Writers): WrittenKey[] {
  const keys = new Map<string, WrittenKey>();
  const add = (key: string, shared: boolean, needsInputs: boolean, below?: Position) => {
    const known = keys.get(key);
    keys.set(key, {
      key,
      shared: shared || (known?.shared ?? false),
      below: shared && below ? [...(known?.below ?? []), below] : (known?.below ?? NO_POSITIONS),
      needsInputs: needsInputs || (known?.needsInputs ?? false),
    });
  };
  const visit = (node: FetchNode, position: Position) => {
    if (node.typename) add('__typename', false, false);
    for (const [key, { needsInputs, node: below }] of node.fields) {
      add(key, (writers.get(position.aliasScope)?.get(key)?.size ?? 0) > 1, needsInputs, below?.position);
    }
    for (const typeCondition of node.typeConditions.values()) visit(typeCondition, position);
  };
  for (const { node, position } of places) visit(node, position);
  return [...keys.values()];
}
