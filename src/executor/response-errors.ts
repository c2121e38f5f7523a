import type { CompiledRequest } from './compile.ts';
import type { SubgraphError } from './errors.ts';
import type { NullOrigin } from './null-origin.ts';
import { ErrorPlaces, type NullReasons } from './null-reasons.ts';
import { isNullish, isObject } from './objects.ts';
import type { ResponseObjects, SubgraphPath } from './response-objects.ts';
import { followErrorPath } from './response-path.ts';
import { ResponsePlaces, type SentLookup } from './response-places.ts';

/** A place in the response of one subgraph. */
export interface ResponsePlace {
  /** The look-up and the index of the entity; `undefined` for a root request. */
  readonly entity: { readonly alias: string; readonly slot: number } | undefined;
  /** From the root, or from the entity. */
  readonly rest: SubgraphPath;
  /** How much of `rest` leads to the null that an error here causes: null propagates through non-null types. */
  readonly nullDepth: number;
  /** Whether the null of an error here removes all of `data`. */
  readonly explainsAll: boolean;
}

/** The places of the errors in one subgraph response, in the terms of the subgraph. */
export class ResponseErrors {
  /** The first error that explains everything that is missing from the response. */
  explainsAll: SubgraphError | undefined;
  /** The index of the first of these errors among all errors of the operation. */
  readonly firstError: number;
  private readonly request: CompiledRequest;
  private readonly sent: readonly SentLookup[];
  private readonly targets: ResponseObjects;
  private readonly places: ResponsePlaces;
  private readonly data: Record<string, unknown> | undefined;
  /** By the alias of the look-up and the index of the entity; a root request has one entry only. */
  private readonly known = new Map<string, Map<number, ErrorPlaces>>();

  constructor(
    request: CompiledRequest,
    sent: readonly SentLookup[],
    targets: ResponseObjects,
    data: unknown,
    firstError: number,
  ) {
    this.request = request;
    this.sent = sent;
    this.targets = targets;
    this.firstError = firstError;
    this.places = new ResponsePlaces(sent, targets);
    this.data = isObject(data) ? data : undefined;
  }

  get isOfRoot(): boolean {
    return this.request.planned.root !== undefined;
  }

  /** Returns the place that the path of an error names; `undefined` where it is not a path of this response. */
  placeOf(path: readonly unknown[] | undefined): ResponsePlace | undefined {
    const { root } = this.request.planned;
    if (path === undefined || path.length === 0) return undefined;
    if (!root) return this.placeOfEntity(path);
    const rest = path as SubgraphPath;
    const nullDepth = followErrorPath(root.node, rest, this.data);
    return nullDepth === undefined ? undefined : { entity: undefined, rest, nullDepth, explainsAll: nullDepth === 0 };
  }

  private placeOfEntity([alias, slot, ...below]: readonly unknown[]): ResponsePlace | undefined {
    const sentLookup = typeof alias === 'string' ? this.places.sentLookup(alias) : undefined;
    if (sentLookup === undefined) return undefined;
    const at = (index: number) => ({ alias: alias as string, slot: index });
    // the whole list, which may not be null: where it is present, the error belongs to no place in it
    if (slot === undefined) {
      return this.hasEntities(alias as string)
        ? undefined
        : { entity: at(0), rest: [], nullDepth: 0, explainsAll: true };
    }
    if (typeof slot !== 'number' || !Number.isInteger(slot) || slot < 0 || slot >= sentLookup.count) return undefined;
    const rest = below as SubgraphPath;
    const nullDepth = followErrorPath(sentLookup.lookup.planned.node, rest, this.entity(alias as string, slot));
    return nullDepth === undefined ? undefined : { entity: at(slot), rest, nullDepth, explainsAll: false };
  }

  sentLookup(alias: string): SentLookup | undefined {
    return this.places.sentLookup(alias);
  }

  /** Returns the paths in the client's response of the objects that a place belongs to. */
  bases({ entity }: ResponsePlace): readonly SubgraphPath[] {
    const { root } = this.request.planned;
    if (root) return this.places.ofRoot(root.position);
    return entity ? this.places.of(entity.alias, entity.slot) : [];
  }

  /** Returns each field that is missing or null, once: for entities, at the first one that lacks it. */
  missingPlaces(): ResponsePlace[] {
    if (this.isOfRoot) return this.fieldPlaces(({ key }) => (isNullish(this.data?.[key]) ? 0 : undefined));
    return this.fieldPlaces(({ alias, key, count }) => {
      for (let slot = 0; slot < count; slot++) {
        const entity = this.entity(alias, slot);
        if (!isObject(entity) || isNullish(entity[key])) return slot;
      }
      return undefined;
    });
  }

  /** Returns each field once, for the first entity. */
  firstPlaces(): ResponsePlace[] {
    return this.fieldPlaces(() => 0);
  }

  private fieldPlaces(
    slotOf: (field: { alias: string; key: string; count: number }) => number | undefined,
  ): ResponsePlace[] {
    const place = (alias: string, key: string, count: number, isOfRoot: boolean): ResponsePlace[] => {
      const slot = key === '__typename' ? undefined : slotOf({ alias, key, count });
      if (slot === undefined) return [];
      return [{ entity: isOfRoot ? undefined : { alias, slot }, rest: [key], nullDepth: 1, explainsAll: false }];
    };
    return [
      ...this.request.rootKeys.flatMap(({ key }) => place('', key, 1, true)),
      ...this.sent.flatMap(({ part, lookup, count }) =>
        count === 0 ? [] : lookup.keys.flatMap(({ key }) => place(part.alias, key, count, false)),
      ),
    ];
  }

  private hasEntities(alias: string): boolean {
    return Array.isArray(this.data?.[alias]);
  }

  private entity(alias: string, slot: number): unknown {
    const entities = this.data?.[alias];
    return Array.isArray(entities) ? entities[slot] : undefined;
  }

  /**
   * Records that an error was reported at a place.
   * @param depth how much of the path the client selected: the error is reported there
   */
  add({ entity, rest, nullDepth }: ResponsePlace, depth: number, origin: NullOrigin): void {
    const alias = entity?.alias ?? '';
    const slot = entity?.slot ?? 0;
    let bySlot = this.known.get(alias);
    if (bySlot === undefined) {
      bySlot = new Map();
      this.known.set(alias, bySlot);
    }
    let places = bySlot.get(slot);
    if (places === undefined) {
      places = new ErrorPlaces();
      bySlot.set(slot, places);
    }
    if (depth < rest.length) places.add(rest.slice(0, depth), nullDepth, origin, rest.slice(depth));
    else places.add(rest, nullDepth, origin);
  }

  /** Returns whether a root field has an error of its own. */
  isReportedAt(rootKey: string): boolean {
    return this.known.get('')?.get(0)?.at(rootKey)?.reported === true;
  }

  /** Records for each object of the response where its fields have errors. */
  note(nullReasons: NullReasons): void {
    const { root, subgraph } = this.request.planned;
    const ofRoot = this.known.get('')?.get(0);
    if (root && ofRoot) for (const object of this.targets.at(root.position)) nullReasons.addPlaces(object, ofRoot);
    for (const { part, lookup, objects, slots } of this.sent) {
      const bySlot = this.known.get(part.alias);
      if (!bySlot) continue;
      const keys = new Set(lookup.keys.map(({ key }) => key));
      for (let i = 0; i < objects.length; i++) {
        const slot = slots[i] as number;
        const places = bySlot.get(slot);
        const object = objects[i];
        if (!places || !object) continue;
        nullReasons.addPlaces(object, places);
        const { passedFrom: origin } = places;
        if (origin !== undefined && !isObject(this.entity(part.alias, slot)))
          nullReasons.add(object, { service: subgraph.name, keys, reason: 'reported', origin });
      }
    }
  }
}
