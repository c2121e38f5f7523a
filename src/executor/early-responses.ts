import type { PlannedRequest, QueryPlan } from '../planner/plan.ts';
import type { AliasScope, FetchNode, Position } from '../planner/positions.ts';
import type { CompiledRequest } from './compile.ts';
import type { GatheredEntities } from './gather-entities.ts';
import { isNullish, type ResponseObject } from './objects.ts';

/** What a request of deferred fragments reads that the rest reads as well. */
interface SharedRead {
  /** Ids of the requests of the rest. */
  readonly ids: readonly number[];
  /** The keys of the fields, in the objects that the request is for. */
  readonly keys: readonly string[];
}

/** By the ids of the requests of deferred fragments. */
export type SharedReads = ReadonlyMap<number, SharedRead>;

/** The fields that a request reads, by objects. */
type ReadKeys = Map<AliasScope, Set<string>>;

/**
 * Finds the requests of deferred fragments that read fields of the rest as well, such as the path to the fields of the fragment.
 * Requests that the rest waits for are left out.
 */
export function findSharedReads({ requests }: QueryPlan): SharedReads {
  const shared = new Map<number, SharedRead>();
  const ofRest = requests.filter(({ groups }) => groups === undefined);
  const needed = new Set(ofRest);
  for (const { dependsOn } of needed) for (const id of dependsOn) needed.add(requests[id] as PlannedRequest);
  const rest = ofRest.map((request) => ({ id: request.id, keys: readKeys(placesOf(request)) }));
  for (const request of requests) {
    if (needed.has(request)) continue;
    const places = placesOf(request);
    const all = readKeys(places);
    const ids = rest.filter(({ keys }) => haveCommon(keys, all)).map(({ id }) => id);
    const keys = places.flatMap(({ node, position: { aliasScope } }) =>
      [...node.fields.keys()].filter((key) => rest.some((one) => one.keys.get(aliasScope)?.has(key))),
    );
    if (ids.length > 0) shared.set(request.id, { ids, keys });
  }
  return shared;
}

interface Place {
  readonly node: FetchNode;
  readonly position: Position;
}

function placesOf({ root, lookups }: PlannedRequest): readonly Place[] {
  return [...(root ? [root] : []), ...lookups.flatMap(({ targets }) => targets)];
}

function readKeys(places: readonly Place[]): ReadKeys {
  const found: ReadKeys = new Map();
  const visit = (node: FetchNode, position: Position): void => {
    const keys = found.get(position.aliasScope) ?? new Set<string>();
    found.set(position.aliasScope, keys);
    if (node.typename) keys.add('__typename');
    for (const [key, { node: below }] of node.fields) {
      keys.add(key);
      if (below) visit(below, below.position);
    }
    for (const typeCondition of node.typeConditions.values()) visit(typeCondition, position);
  };
  for (const { node, position } of places) visit(node, position);
  return found;
}

function haveCommon(some: ReadKeys, others: ReadKeys): boolean {
  for (const [scope, keys] of others) for (const key of keys) if (some.get(scope)?.has(key)) return true;
  return false;
}

/** What responses are held for. */
interface HoldingExecution {
  readonly progress: { readonly isRestDone: boolean } | undefined;
  readonly targets: { at(position: Position): readonly ResponseObject[] };
  /** Set as soon as anything is known to be missing. */
  readonly nullReasonsIfAny: unknown;
}

/**
 * Holds responses for deferred fragments that come before the rest has read the same fields, so that the first payload is the same in
 * whichever order subgraphs respond. Where the rest has got these fields, the responses are merged at once; where it has not, only
 * after the first payload: objects that the rest could not fetch are null in it.
 */
export class EarlyResponses {
  private readonly shared: SharedReads;
  private readonly execution: HoldingExecution;
  private readonly done: Set<number>;
  private held: (() => void)[] = [];
  private isRestWritten: boolean;

  /** @param done ids of requests that this execution does not send */
  constructor(shared: SharedReads, execution: HoldingExecution, done: Iterable<number> = []) {
    this.shared = shared;
    this.execution = execution;
    this.done = new Set(done);
    this.isRestWritten = execution.progress?.isRestDone === true;
  }

  /**
   * Returns whether a response is held.
   * @param again called when it may not have to be held any more
   */
  hold(request: CompiledRequest, sent: readonly GatheredEntities[], again: () => void): boolean {
    const read = this.shared.get(request.planned.id);
    if (read === undefined || this.isRestWritten || this.hasRest(read, request, sent)) return false;
    this.held.push(again);
    return true;
  }

  /** Returns whether the rest has all that a response shares with it. */
  private hasRest({ ids, keys }: SharedRead, { planned }: CompiledRequest, sent: readonly GatheredEntities[]): boolean {
    const { targets, nullReasonsIfAny } = this.execution;
    if (nullReasonsIfAny !== undefined || !ids.every((id) => this.done.has(id))) return false;
    const hasKeys = (object: ResponseObject) => keys.every((key) => !isNullish(object[key]));
    const { position } = planned.root ?? {};
    return (!position || targets.at(position).every(hasKeys)) && sent.every(({ objects }) => objects.every(hasKeys));
  }

  /** Records that a request is done, and that what is complete is written. */
  record({ planned }: CompiledRequest): void {
    this.done.add(planned.id);
    this.isRestWritten = this.execution.progress?.isRestDone === true;
    const { held } = this;
    this.held = [];
    for (const again of held) again();
  }
}
