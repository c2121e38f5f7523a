import type { LookupTarget } from '../planner/plan.ts';
import type { Position } from '../planner/positions.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import type { CompiledLookup, CompiledRequest, WrittenKey } from './compile.ts';
import { EntityProblems } from './entity-problems.ts';
import type { ErrorReport } from './error-report.ts';
import type { GatheredEntities } from './gather-entities.ts';
import type { NullReasons } from './null-reasons.ts';
import { copyValue, isObject, type MergeObserver, mergeValue, type ResponseObject } from './objects.ts';
import type { ResponseObjects } from './response-objects.ts';
import { type EarlierRead, type SharedRead, type SharedReads, withoutLost } from './shared-reads.ts';

/** Where merging reports problems; both are created when first read. */
export interface MergeProblems {
  readonly report: ErrorReport;
  readonly nullReasons: NullReasons;
}

/** Merges subgraph responses into one response tree: each entity into all objects that it was looked up for. */
export class ResponseMerger implements MergeObserver {
  private readonly targets: ResponseObjects;
  private readonly types: Supergraph['types'];
  private readonly problems: MergeProblems;
  private readonly isSplit: boolean;
  private readonly sharedReads: SharedReads | undefined;
  /** The subgraph whose response is being merged. */
  private service = '';
  /** Why an entity of the last response was not merged; `undefined` where all were. */
  malformedEntity: string | undefined;

  /** @param isSplit whether one subgraph may have several requests for parts of the same objects */
  constructor(
    targets: ResponseObjects,
    types: Supergraph['types'],
    problems: MergeProblems,
    isSplit: boolean,
    sharedReads?: SharedReads,
  ) {
    this.isSplit = isSplit;
    this.sharedReads = sharedReads;
    this.targets = targets;
    this.types = types;
    this.problems = problems;
  }

  onNull(value: unknown, isNew: boolean): void {
    const { service } = this;
    if (!isNew) this.targets.gatherAgain();
    const message = isNew
      ? `The subgraph "${service}" returned null for an object that another subgraph returned.`
      : `Another request returned null for an object that the subgraph "${service}" returned.`;
    this.problems.nullReasons.addBelow(value, {
      service,
      of: isNew ? undefined : this.isSplit ? 'all' : 'others',
      keys: undefined,
      reason: 'null',
      origin: { kind: 'conflict', service, message },
    });
  }

  onLength(known: readonly unknown[], length: number): void {
    const { service } = this;
    const message = `The subgraph "${service}" returned a list of ${length} items where another subgraph returned ${known.length}.`;
    const reason = { message, code: 'SUBREQUEST_MALFORMED_RESPONSE' };
    this.problems.nullReasons.addBelow(known, {
      service,
      keys: undefined,
      reason,
      origin: { kind: 'conflict', service, message },
    });
  }

  /** Finds objects that come after a look-up has seen none: the first fetch that should have returned them has failed. */
  onFirst(below: readonly Position[]): void {
    if (below.some((position) => this.targets.isGathered(position))) this.targets.gatherAgain();
  }

  /** Merges the data of a root request into its objects. */
  mergeRoot(request: CompiledRequest, data: ResponseObject): void {
    this.service = request.planned.subgraph.name;
    const position = request.planned.root?.position;
    if (!position) return;
    const targets = this.targets.at(position);
    const earlier = this.sharedReads?.get(request.planned.id)?.at.get(position);
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i] as ResponseObject;
      const own = i > 0 && request.copiesForEach ? copyValue(data) : data;
      mergeFields(target, earlier ? withoutLost(target, own, earlier) : own, request.rootKeys, this);
    }
  }

  /**
   * Merges the entities of all look-ups of a request.
   * @returns the look-ups whose lists of entities are missing or have another length
   */
  mergeLookups(
    request: CompiledRequest,
    sent: readonly GatheredEntities[],
    data: ResponseObject,
  ): GatheredEntities[] | undefined {
    this.service = request.planned.subgraph.name;
    this.malformedEntity = undefined;
    let missing: GatheredEntities[] | undefined;
    for (let i = 0; i < sent.length; i++) {
      const gathered = sent[i] as GatheredEntities;
      const entities = data[gathered.part.alias];
      if (Array.isArray(entities) && entities.length === gathered.count) {
        this.mergeEntities(request, gathered, entities);
      } else if (gathered.count > 0) {
        // an empty look-up expects no list
        missing ??= [];
        missing.push(gathered);
      }
    }
    return missing;
  }

  private mergeEntities(request: CompiledRequest, gathered: GatheredEntities, entities: readonly unknown[]): void {
    const { lookup, objects, slots, borders } = gathered;
    const taken = lookup.copiesForEach ? new Set<number>() : undefined;
    const left: ResponseObject[] = [];
    const { typename } = lookup.planned.representation;
    let problems: EntityProblems | undefined;
    const shared = this.sharedReads?.get(request.planned.id);
    // fields below an entity may differ between two places, so the places must not share its objects
    const own = lookup.copiesObjects && !taken ? [0, ...borders, objects.length] : [0, objects.length];
    for (let place = 1; place < own.length; place++) {
      const given = place === 1 ? entities : copyValue(entities);
      for (let i = own[place - 1] as number; i < (own[place] as number); i++) {
        const slot = slots[i] as number;
        const object = objects[i] as ResponseObject;
        const entity = taken?.has(slot) ? copyValue(given[slot]) : given[slot];
        taken?.add(slot);
        if (!isObject(entity) || hasOtherType(entity, typename ?? object.__typename)) {
          // a null or wrong entity is not merged into the object
          problems ??= new EntityProblems(request, gathered, this.types);
          if (problems.has(object, slot, entity)) continue;
        }
        const read = entity as ResponseObject;
        const kept = shared ? withoutLost(object, read, earlierReads(shared, gathered, i)) : read;
        if (!mergeEntity(object, kept, lookup, this)) left.push(object);
      }
    }
    if (left.length > 0) this.problems.report.addMissingInputs(request, lookup, left);
    problems?.note(this.problems.nullReasons, (bad) => {
      [this.malformedEntity] = bad.values();
      this.problems.report.addMalformedEntities(request, gathered, bad);
    });
  }
}

/** Returns what earlier requests have read of an object of a look-up. */
function earlierReads(
  { at }: SharedRead,
  { lookup, borders }: GatheredEntities,
  index: number,
): readonly EarlierRead[] {
  const before = borders.filter((border) => border <= index).length;
  return at.get((lookup.targets[before] as LookupTarget).position) ?? [];
}

/**
 * Merges an entity into an object.
 * @returns false where fields were left out because the object lacked what they require
 */
function mergeEntity(
  target: ResponseObject,
  entity: ResponseObject,
  lookup: CompiledLookup,
  observer: ResponseMerger,
): boolean {
  const { keys, independentKeys, representation } = lookup;
  const complete = independentKeys === undefined || representation.isComplete(target);
  mergeFields(target, entity, complete ? keys : independentKeys, observer);
  return complete;
}

function mergeFields(
  target: ResponseObject,
  from: ResponseObject,
  keys: readonly WrittenKey[],
  observer: ResponseMerger,
): void {
  for (let i = 0; i < keys.length; i++) {
    const { key, shared, below } = keys[i] as WrittenKey;
    const value = from[key];
    if (value === undefined) continue;
    if (shared) {
      if (target[key] === undefined) observer.onFirst(below);
      mergeValue(target, key, value, observer);
    } else target[key] = value;
  }
}

/** Returns whether an entity has a `__typename` of another type; `false` where that was not selected. */
function hasOtherType({ __typename: own }: ResponseObject, asked: unknown): boolean {
  return own !== undefined && own !== asked;
}
