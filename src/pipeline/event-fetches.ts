import type { PlannedLookup, QueryPlan } from '../planner/plan.ts';
import type { Position } from '../planner/positions.ts';
import type { Source, SourceRequest, SubgraphResponse } from '../sources/source.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';

/**
 * Returns the look-ups of a subscription for the entities that its events are about: the value of the root field or, where that is
 * no entity, the first entities in it.
 *
 * In:  `subscription { orderUpdated { status item { name } } }`, whose events have the key of the order
 * Out: the look-ups of the order, and not those of its item
 */
export function lookupsOfEvents(
  { requests }: Pick<QueryPlan, 'requests'>,
  { subgraphs, types }: Pick<Supergraph, 'subgraphs' | 'types'>,
): ReadonlySet<PlannedLookup> {
  const hasKey = (name: string) => subgraphs.some((subgraph) => (subgraph.types.get(name)?.keys.length ?? 0) > 0);
  const isEntity = (name: string) => hasKey(name) || [...(types.get(name)?.possible ?? [])].some(hasKey);
  const isOfEvent = ({ origin }: Position): boolean => {
    let above = origin?.parent;
    for (; above?.origin !== undefined; above = above.origin.parent) if (isEntity(above.type)) return false;
    return above !== undefined;
  };
  const lookups = requests.flatMap((request) => request.lookups);
  return new Set(lookups.filter(({ targets }) => targets.some(({ position }) => isOfEvent(position))));
}

/** The fetches for one event. Those for the entities that it is about use nothing that is older than the event. */
export class EventFetches {
  readonly #lookups: ReadonlySet<PlannedLookup>;
  readonly #order: number;
  /** The representations of the entities that the event is about, which may have further places in the result. */
  readonly #entities = new Set<string>();

  /** @param order when the event arrived, see `nextInOrder` */
  constructor(lookups: ReadonlySet<PlannedLookup>, order: number) {
    this.#lookups = lookups;
    this.#order = order;
  }

  /** Wraps a source for the time of the event. */
  of(source: Source): Source {
    return {
      name: source.name,
      maxEntities: source.maxEntities,
      send: (request, done) => this.#send(source, request, done),
      close: () => Promise.resolve(),
    };
  }

  #send(source: Source, request: SourceRequest, done: (response: SubgraphResponse) => void): void {
    const { parts } = request;
    if (parts === undefined || request.operationType !== 'query') return source.send(request, done);
    let isFresh = false;
    for (const { planned, representations } of parts.lookups()) {
      if (this.#lookups.has(planned)) for (const text of representations) this.#entities.add(text);
      isFresh ||= representations.some((text) => this.#entities.has(text));
    }
    if (!isFresh) return source.send(request, done);
    source.send({ ...request, event: { order: this.#order, isAbout: (text) => this.#entities.has(text) } }, done);
  }
}
