import type { Supergraph } from '../supergraph/supergraph.ts';
import type { CompiledRequest } from './compile.ts';
import { kindOf, malformed } from './errors.ts';
import type { GatheredEntities } from './gather-entities.ts';
import type { NullOrigin } from './null-origin.ts';
import type { NullReasons } from './null-reasons.ts';
import { isObject, type ResponseObject } from './objects.ts';

/** The entities of one look-up that are null, or not of the requested type. */
export class EntityProblems {
  private readonly request: CompiledRequest;
  private readonly part: object;
  private readonly keys: ReadonlySet<string>;
  private readonly typename: string | undefined;
  private readonly types: Supergraph['types'];
  private readonly unknown: ResponseObject[] = [];
  private readonly wrong: ResponseObject[] = [];
  /** By the index of the entity. */
  private readonly reasons = new Map<number, string>();

  constructor(request: CompiledRequest, { lookup, slots }: GatheredEntities, types: Supergraph['types']) {
    this.request = request;
    this.part = slots;
    this.keys = new Set(lookup.keys.map(({ key }) => key));
    this.typename = lookup.planned.representation.typename;
    this.types = types;
  }

  /** Returns whether there is no entity to merge into the object, and records why. */
  has(object: ResponseObject, slot: number, entity: unknown): boolean {
    if (entity === null) {
      this.unknown.push(object);
      return true;
    }
    const reason = this.problemOf(object, entity);
    if (reason === undefined) return false;
    this.wrong.push(object);
    this.reasons.set(slot, reason);
    return true;
  }

  /**
   * Records the problems with the objects.
   * @param report called with the reasons, where entities are malformed
   */
  note(nullReasons: NullReasons, report: (reasons: ReadonlyMap<number, string>) => void): void {
    const { request, part } = this;
    this.addMissing(nullReasons, this.unknown, 'null', { kind: 'entity', request, part });
    const [first] = this.reasons.values();
    if (first === undefined) return;
    const failure = malformed(request.planned, first);
    this.addMissing(nullReasons, this.wrong, 'reported', { kind: 'failure', request, part, failure });
    report(this.reasons);
  }

  private addMissing(
    nullReasons: NullReasons,
    objects: readonly ResponseObject[],
    reason: 'null' | 'reported',
    origin: NullOrigin,
  ): void {
    const missingFields = { service: this.request.planned.subgraph.name, keys: this.keys, reason, origin };
    for (const object of objects) nullReasons.add(object, missingFields);
  }

  private problemOf(object: ResponseObject, entity: unknown): string | undefined {
    if (!isObject(entity)) return `an entity is ${kindOf(entity)}, not an object`;
    const requested = this.typename ?? object.__typename;
    const returned = entity.__typename;
    if (returned === requested || this.isPossible(requested, returned) || this.isPossible(returned, requested))
      return undefined;
    const problem =
      typeof returned === 'string' ? `the type "${returned.slice(0, 100)}"` : `${kindOf(returned)} as its __typename`;
    return `an entity of the type "${String(requested)}" was requested, but it has ${problem}`;
  }

  private isPossible(abstract: unknown, type: unknown): boolean {
    return this.types.get(abstract as string)?.possible.has(type as string) === true;
  }
}
