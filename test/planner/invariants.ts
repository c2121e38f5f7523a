import { parse, validate } from 'graphql';
import type { OpField, OpSelection } from '../../src/operation/operation.ts';
import type { LookupTarget, PlannedRequest, QueryPlan } from '../../src/planner/plan.ts';
import type { FetchNode, Position, RepresentationSelection } from '../../src/planner/positions.ts';
import type { Supergraph } from '../../src/supergraph/supergraph.ts';
import { readsWhatItMay } from './readable.ts';
import { subgraphSchema } from './subgraph-schema.ts';

/** A plan that must not be: every reason, one a line. */
export class BrokenPlan extends Error {
  override readonly name = 'BrokenPlan';
}

/**
 * Whether a plan can be run and brings all that was asked for:
 * - every document is valid for the subgraph that it goes to, and reads nothing there that belongs to others;
 * - a request depends on requests before it only;
 * - whatever a look-up sends has been read by a request that it waits for, and so have the objects it is made for and
 *   what it takes from contexts;
 * - every field of the client is read by some request, under the key where the projection looks for it.
 *
 * @throws BrokenPlan
 */
export function checkPlan(plan: QueryPlan, supergraph: Supergraph): void {
  const check = new PlanCheck(plan, supergraph);
  for (const request of plan.requests) check.request(request);
  check.selection(plan.root, plan.selection);
  if (check.problems.length > 0) throw new BrokenPlan(check.problems.join('\n'));
}

/** What one request reads at each position. */
type Reads = Map<Position, FetchNode[]>;

class PlanCheck {
  readonly problems: string[] = [];
  private readonly reads = new Map<number, Reads>();
  private readonly supergraph: Supergraph;
  private readonly plan: QueryPlan;

  constructor(plan: QueryPlan, supergraph: Supergraph) {
    this.plan = plan;
    this.supergraph = supergraph;
    for (const request of plan.requests) this.reads.set(request.id, readsOf(request));
  }

  request(request: PlannedRequest): void {
    const { id, subgraph, document, dependsOn, lookups } = request;
    const say = (problem: string) => this.problems.push(`#${id} ${subgraph.name}: ${problem}`);
    const schema = subgraphSchema(subgraph, this.supergraph);
    for (const { message } of validate(schema, parse(document))) say(`${message} in ${document}`);
    for (const problem of readsWhatItMay(request, schema, this.supergraph)) say(problem);
    if (dependsOn.some((other) => other >= id)) say(`depends on what comes later: ${dependsOn}`);
    const before = this.before(request);
    if (before.some(({ level }) => level >= request.level)) say('is in a wave no later than what it depends on');
    for (const { representation, targets } of lookups) {
      for (const target of targets) {
        this.isReached(target.position, before, say);
        if (representation.typename === undefined || target.types) this.isDistinguished(target, before, say);
        const types = target.types ?? (representation.typename && new Set(this.possible(representation.typename)));
        this.isRead(target.position, representation.fields, before, say, types || undefined);
        for (const { sources } of target.contexts) {
          for (const { position, fields, possible } of sources) this.isRead(position, fields, before, say, possible);
        }
      }
    }
    if (request.root) this.isReached(request.root.position, before, say);
  }

  /** All requests that are done when a request is sent. */
  private before(request: PlannedRequest): PlannedRequest[] {
    const found = new Set<PlannedRequest>();
    const visit = ({ dependsOn }: PlannedRequest) => {
      for (const other of this.plan.requests) {
        if (!dependsOn.includes(other.id) || found.has(other)) continue;
        found.add(other);
        visit(other);
      }
    };
    visit(request);
    return [...found];
  }

  private nodesAt(position: Position, requests: readonly PlannedRequest[]): FetchNode[] {
    return requests.flatMap(({ id }) => this.reads.get(id)?.get(position) ?? []);
  }

  private isReached({ origin }: Position, before: readonly PlannedRequest[], say: (problem: string) => void): void {
    if (!origin) return;
    if (!this.nodesAt(origin.parent, before).some((node) => node.fields.has(origin.alias.key))) {
      say(`nothing before it reads the objects under "${origin.alias.key}"`);
    }
  }

  private isDistinguished(
    target: LookupTarget,
    before: readonly PlannedRequest[],
    say: (problem: string) => void,
  ): void {
    const reported = this.nodesAt(target.position, before).some((node) => node.typename || node.type.kind === 'object');
    if (!reported) say(`nothing before it tells the type of the objects at a ${target.position.type}`);
  }

  /** @param types the object types that the objects may have; `undefined` means all of the position */
  private isRead(
    position: Position,
    items: RepresentationSelection,
    before: readonly PlannedRequest[],
    say: (problem: string) => void,
    types?: ReadonlySet<string>,
  ): void {
    for (const item of items) {
      if (item.kind === 'typeCondition') {
        this.isRead(position, item.nested, before, say, item.possible);
        continue;
      }
      const key = item.subgraphKey;
      const nodes = this.nodesAt(position, before);
      const read = key === '__typename' ? nodes.some((n) => n.typename) : nodes.some((n) => n.fields.has(key));
      if (!read) say(`nothing before it reads "${key}" on ${position.type}, which it sends as "${item.name}"`);
      for (const child of this.positionsBelow(position, key, types))
        if (item.nested) this.isRead(child, item.nested, before, say);
    }
  }

  private positionsBelow(parent: Position, key: string, types: ReadonlySet<string> | undefined): Position[] {
    const all = new Set([...this.reads.values()].flatMap((reads) => [...reads.keys()]));
    const leadsThere = (owner: string) => !types || this.possible(owner).some((type) => types.has(type));
    return [...all].filter(
      ({ origin }) => origin?.parent === parent && origin.alias.key === key && leadsThere(origin.owner),
    );
  }

  selection(position: Position, selection: OpSelection): void {
    for (const item of selection.items) {
      if (item.kind === 'typeCondition') this.selection(position, item.selection);
      else if (!item.name.startsWith('__')) this.field(position, selection.parentType, item);
    }
  }

  private field(position: Position, owner: string, field: OpField): void {
    const placements = position.placed.get(field);
    for (const type of this.typesAt(position, owner)) {
      const placed =
        placements?.get(owner) ??
        placements?.get(type) ??
        [...(placements ?? [])].find(([name]) => this.supergraph.types.get(name)?.possible.has(type))?.[1];
      if (!placed) {
        this.problems.push(`${type}.${field.name} as "${field.responseKey}" is read by nobody`);
        continue;
      }
      const nodes = this.nodesAt(position, this.plan.requests);
      if (!nodes.some((node) => node.fields.has(placed.alias.key))) {
        this.problems.push(`${type}.${field.name} should be under "${placed.alias.key}", but no request reads that`);
      }
      const below = position.below(placed.alias, placements?.has(owner) ? owner : type);
      if (field.selection && below) this.selection(below, field.selection);
    }
  }

  /** Object types that a field's owner may turn out to be. Of a union, those that all subgraphs know which have it. */
  private typesAt(position: Position, owner: string): string[] {
    const [first] = position.nodes;
    if (!first) return [];
    let here = first.type.kind === 'interfaceObject' ? this.possible(first.type.name) : [...first.type.possible];
    if (first.type.kind === 'union') {
      for (const { types } of this.supergraph.subgraphs) {
        const union = types.get(first.type.name);
        if (union) here = here.filter((name) => union.possible.has(name));
      }
    }
    const wanted = this.possible(owner);
    return here.filter((name) => wanted.includes(name));
  }

  private possible(type: string): string[] {
    return [...(this.supergraph.types.get(type)?.possible ?? [])];
  }
}

function readsOf(request: PlannedRequest): Reads {
  const reads: Reads = new Map();
  const visit = (node: FetchNode, position: Position) => {
    reads.set(position, [...(reads.get(position) ?? []), node]);
    for (const { node: below } of node.fields.values()) if (below) visit(below, below.position);
    for (const typeCondition of node.typeConditions.values()) visit(typeCondition, position);
  };
  if (request.root) visit(request.root.node, request.root.position);
  for (const { targets } of request.lookups) for (const { node, position } of targets) visit(node, position);
  return reads;
}
