import type { OpField, OpSelection } from '../operation/operation.ts';
import type { StreamDirective } from '../operation/streamed-lists.ts';
import type { QueryPlan } from '../planner/plan.ts';
import type { FetchNode, Position } from '../planner/positions.ts';

/** A list whose further items are fetched and delivered after the first ones. */
export interface StreamedList {
  readonly directive: StreamDirective;
  /** The positions of its items; several where types have the list from different fields. */
  readonly positions: ReadonlySet<Position>;
  /** Ids of the requests that return the list itself. */
  readonly providers: ReadonlySet<number>;
  /** Ids of the requests for what is in its items. */
  readonly requests: ReadonlySet<number>;
}

/** How many items of each list come first. */
export type InitialCounts = ReadonlyMap<StreamedList, number>;

/** The fields of the same response path. */
interface Candidate {
  readonly fields: Set<OpField>;
  readonly positions: Set<Position>;
}

/**
 * The lists with `@stream` of a plan. Subgraphs send lists whole: a list is streamed if some request is needed for its items. A list
 * that something else reads as an input, or that is selected for some types only with `@stream`, is not.
 */
export class StreamedLists {
  readonly all: readonly StreamedList[];
  private readonly byField = new Map<OpField, StreamedList>();
  private readonly byPosition = new Map<Position, StreamedList>();

  /** @param effective returns the set of deferred fragments that counts in place of one */
  constructor(plan: QueryPlan, effective: (set: number) => number) {
    const candidates = findCandidates(plan).filter(({ fields }) => agree([...fields], effective));
    const providers = new Map<Position, Set<number>>();
    for (const { positions } of candidates) for (const position of positions) providers.set(position, new Set());
    if (providers.size > 0) noteProviders(plan, providers);
    for (const candidate of candidates) this.add(plan, candidate, providers);
    this.all = [...new Set(this.byPosition.values())];
  }

  private add(plan: QueryPlan, { fields, positions }: Candidate, providers: ReadonlyMap<Position, Set<number>>): void {
    const [first] = fields;
    const requests = requestsBelow(plan, positions);
    if (!first?.stream || requests.size === 0 || ![...positions].every((one) => isOnlyFor(fields, one))) return;
    const returning = new Set([...positions].flatMap((position) => [...(providers.get(position) ?? [])]));
    const list: StreamedList = { directive: first.stream, positions, providers: returning, requests };
    for (const field of fields) this.byField.set(field, list);
    for (const position of positions) this.byPosition.set(position, list);
  }

  /** Returns the list that a field has; `undefined` where it comes whole. */
  of(field: OpField): StreamedList | undefined {
    return this.byField.get(field);
  }

  /** Returns the list whose items are at a position. */
  at(position: Position): StreamedList | undefined {
    return this.byPosition.get(position);
  }

  /** Returns how many items of each list come first in one execution. */
  counts(variables: Readonly<Record<string, unknown>>): InitialCounts {
    const count = ({ directive: { initialCount } }: StreamedList) =>
      typeof initialCount === 'number' ? initialCount : Number(variables[initialCount.variable] ?? 0);
    return new Map(this.all.map((list) => [list, count(list)]));
  }
}

/** Finds the response paths with `@stream`, with all fields there and the positions of their items. */
function findCandidates({ operation: { selection }, root }: QueryPlan): Candidate[] {
  const byPath = new Map<string, Candidate>();
  const streamed = new Set<Candidate>();
  const visit = (items: OpSelection['items'], position: Position, path: string): void => {
    for (const item of items) {
      if (item.kind === 'typeCondition') {
        visit(item.selection.items, position, path);
        continue;
      }
      const below = `${path}.${item.responseKey}`;
      const candidate = byPath.get(below) ?? { fields: new Set(), positions: new Set() };
      byPath.set(below, candidate);
      candidate.fields.add(item);
      if (item.stream) streamed.add(candidate);
      for (const [owner, { alias }] of position.placed.get(item) ?? []) {
        const next = position.below(alias, owner);
        if (!item.selection || !next) continue;
        candidate.positions.add(next);
        visit(item.selection.items, next, below);
      }
    }
  };
  visit(selection.items, root, '');
  return [...streamed];
}

/** Returns whether fields are streamed in the same way, with the same deferred fragments. */
function agree([first, ...others]: readonly OpField[], effective: (set: number) => number): boolean {
  const set = effective(first?.fragments as number);
  return others.every((other) => other.stream?.key === first?.stream?.key && effective(other.fragments) === set);
}

/** Returns whether no fields lead to a position but these: an input of a look-up needs all items. */
function isOnlyFor(fields: ReadonlySet<OpField>, position: Position): boolean {
  const parent = position.origin?.parent;
  for (const [field, placements] of parent?.placed ?? [])
    for (const [owner, { alias }] of placements)
      if (parent?.below(alias, owner) === position && !fields.has(field)) return false;
  return true;
}

function requestsBelow({ requests }: QueryPlan, positions: ReadonlySet<Position>): Set<number> {
  const isBelow = (position: Position | undefined): boolean =>
    position !== undefined && (positions.has(position) || isBelow(position.origin?.parent));
  const below = requests.filter(
    ({ root, lookups }) =>
      isBelow(root?.position) || lookups.some(({ targets }) => targets.some(({ position }) => isBelow(position))),
  );
  return new Set(below.map(({ id }) => id));
}

/** Records which requests return the objects at some positions. */
function noteProviders({ requests }: QueryPlan, providers: ReadonlyMap<Position, Set<number>>): void {
  const visit = (node: FetchNode, id: number): void => {
    for (const { node: below } of node.fields.values()) {
      if (!below) continue;
      providers.get(below.position)?.add(id);
      visit(below, id);
    }
    for (const typeCondition of node.typeConditions.values()) visit(typeCondition, id);
  };
  for (const { id, root, lookups } of requests) {
    if (root) visit(root.node, id);
    for (const { targets } of lookups) for (const { node } of targets) visit(node, id);
  }
}
