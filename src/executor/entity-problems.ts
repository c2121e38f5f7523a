import type { Supergraph } from '../supergraph/supergraph.ts';
import type { CompiledRequest } from './compile.ts';
import { kindOf } from './errors.ts';
import type { GatheredEntities } from './gather-entities.ts';
import type { MissingFields, NullReasons } from './null-reasons.ts';
import { isObject, type ResponseObject } from './objects.ts';

/** Which entities of one look-up are not there, or are something else than what was asked for. */
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

  /** @returns whether there is nothing to put into the object */
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

  /** @param report called with the reasons, where entities are malformed */
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
    const asked = this.typename ?? object.__typename;
    const actual = entity.__typename;
    if (actual === asked || this.isPossible(asked, actual) || this.isPossible(actual, asked)) return undefined;
    const found =
      typeof actual === 'string' ? `the type "${actual.slice(0, 100)}"` : `${kindOf(actual)} as its __typename`;
    return `an entity of the type "${String(asked)}" was asked for, and it has ${found}`;
  }

  private isPossible(abstract: unknown, type: unknown): boolean {
    return this.types.get(abstract as string)?.possible.has(type as string) === true;
  }
}
