import type { Position } from '../planner/positions.ts';
import type { CompiledLookup } from './compile.ts';
import { isOfType, type ResponseObject } from './objects.ts';
import type { ResponseObjects, SubgraphPath } from './response-objects.ts';

/** A look-up that was sent: its objects, and the index of the entity for each. */
export interface SentLookup {
  readonly lookup: CompiledLookup;
  readonly part: { readonly alias: string };
  readonly objects: readonly ResponseObject[];
  readonly slots: readonly number[];
  /** How many entities were requested. */
  readonly count: number;
}

/**
 * The paths in the client's response of the fields and entities of one subgraph response, computed once for all its
 * errors.
 */
export class ResponsePlaces {
  private readonly targets: ResponseObjects;
  private atRoot: readonly SubgraphPath[] | undefined;
  private readonly known = new Map<string, ReadonlyMap<number, readonly SubgraphPath[]>>();
  private readonly byAlias: ReadonlyMap<string, SentLookup>;

  constructor(sent: readonly SentLookup[], targets: ResponseObjects) {
    this.targets = targets;
    this.byAlias = new Map(sent.map((sentLookup) => [sentLookup.part.alias, sentLookup]));
  }

  sentLookup(alias: string): SentLookup | undefined {
    return this.byAlias.get(alias);
  }

  /** Returns the paths of the objects that the fields of a root request belong to. */
  ofRoot(position: Position): readonly SubgraphPath[] {
    this.atRoot ??= this.targets.pathsAt(position);
    return this.atRoot;
  }

  /** Returns the paths of all objects that got this entity; none for an entity that was not requested. */
  of(alias: string, slot: number): readonly SubgraphPath[] {
    let bySlot = this.known.get(alias);
    if (bySlot === undefined) {
      const sentLookup = this.byAlias.get(alias);
      bySlot = sentLookup ? this.pathsBySlot(sentLookup) : new Map();
      this.known.set(alias, bySlot);
    }
    return bySlot.get(slot) ?? [];
  }

  private pathsBySlot({ lookup, objects, slots }: SentLookup): Map<number, SubgraphPath[]> {
    const slotsOf = new Map<ResponseObject, Set<number>>();
    for (const [i, object] of objects.entries()) addTo(slotsOf, object, slots[i] as number);
    const paths = new Map<number, SubgraphPath[]>();
    for (const { position, types } of lookup.targets) {
      const at = this.targets.pathsAt(position);
      this.targets.at(position).forEach((object, i) => {
        const path = at[i];
        if (!path || (types && !isOfType(object, types))) return;
        for (const slot of slotsOf.get(object) ?? []) {
          const known = paths.get(slot);
          if (known) known.push(path);
          else paths.set(slot, [path]);
        }
      });
    }
    return paths;
  }
}

function addTo<K, V>(sets: Map<K, Set<V>>, key: K, value: V): void {
  const set = sets.get(key);
  if (set) set.add(value);
  else sets.set(key, new Set([value]));
}
