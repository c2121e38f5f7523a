import type { Supergraph } from '../supergraph/supergraph.ts';
import type { CompiledRequest } from './compile.ts';
import { kindOf } from './errors.ts';
import type { GatheredEntities } from './gather-entities.ts';
import type { MissingFields, NullReasons } from './null-reasons.ts';
import { isObject, type ResponseObject } from './objects.ts';

/** The entities of one look-up that are null, or not of the requested type. */
export class EntityProblems {
  private readonly service: string;
  private readonly keys: ReadonlySet<string>;
  private readonly typename: string | undefined;
  private readonly types: Supergraph['types'];
  private readonly unknown: ResponseObject[] = [];
  private readonly wrong: ResponseObject[] = [];
  /** By the index of the entity. */
  private readonly reasons = new Map<number, string>();

  constructor(request: CompiledRequest, { lookup }: GatheredEntities, types: Supergraph['types']) {
    this.service = request.planned.subgraph.name;
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
    const missingFields = (reason: MissingFields['reason']): MissingFields => ({
      service: this.service,
      keys: this.keys,
      reason,
    });
    this.addMissing(nullReasons, this.unknown, missingFields('null'));
    this.addMissing(nullReasons, this.wrong, missingFields('reported'));
    if (this.reasons.size > 0) report(this.reasons);
  }

  private addMissing(nullReasons: NullReasons, objects: readonly ResponseObject[], missingFields: MissingFields): void {
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
