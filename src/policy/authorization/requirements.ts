import type { AppliedDirectives } from '../../supergraph/directives.ts';
import type { Supergraph, SupergraphType } from '../../supergraph/supergraph.ts';
import { type Clause, clausesOf, multiply, unite } from './clause.ts';

const NONE: readonly Clause[] = [];
const NO_DIRECTIVES: AppliedDirectives = new Map();

/**
 * The requirements of each field of a supergraph.
 *
 * - A field requires its own clauses, those of its parent type, and those of its return type.
 * - A field selected on an interface requires all that it requires on any possible type. Clients can select it in fragments
 *   on single types to require less.
 * - A field that returns an interface or a union requires the clauses of that type, and those that all possible types share.
 *
 * Composition adds the clauses of each possible type to the interface. A field that returns the interface does not require
 * those, since they are checked type by type in the selection below. Other clauses on an interface, or on one of its fields,
 * were written there by its author. They hold for all implementing types and their fields.
 */
export class Requirements {
  private readonly types: Supergraph['types'];
  private readonly schema: Supergraph['publicSchema'];
  private readonly known = new Map<string, readonly Clause[]>();
  private readonly knownOfReturned = new Map<string, readonly Clause[]>();

  constructor({ types, publicSchema }: Pick<Supergraph, 'types' | 'publicSchema'>) {
    this.types = types;
    this.schema = publicSchema;
  }

  /** Whether anything in the supergraph has a requirement. */
  get hasAny(): boolean {
    for (const type of this.types.values()) {
      if (clausesOf(type.directives).length > 0) return true;
      for (const field of type.fields.values()) if (clausesOf(field.directives).length > 0) return true;
    }
    return false;
  }

  /** Returns the clauses to be met to read a field that is selected on a type. */
  ofField(typeName: string, fieldName: string): readonly Clause[] {
    const key = `${typeName}.${fieldName}`;
    let clauses = this.known.get(key);
    if (!clauses) {
      clauses = this.fieldClauses(typeName, fieldName);
      this.known.set(key, clauses);
    }
    return clauses;
  }

  private fieldClauses(typeName: string, fieldName: string): readonly Clause[] {
    const type = this.types.get(typeName);
    const field = type?.fields.get(fieldName);
    if (!type || !field) return NONE;
    const own = [this.typeClauses(type), clausesOf(field.directives), this.returned(field.namedType)];
    for (const name of type.interfaces) own.push(this.writtenOnField(name, fieldName));
    if (type.kind !== 'object')
      for (const possible of this.visible(type)) own.push(this.ofField(possible.name, fieldName));
    return unite(own);
  }

  /** Returns the clauses of a type that each field returning it requires. */
  private returned(typeName: string): readonly Clause[] {
    let clauses = this.knownOfReturned.get(typeName);
    if (!clauses) {
      const type = this.types.get(typeName);
      clauses = type ? this.returnedClauses(type) : NONE;
      this.knownOfReturned.set(typeName, clauses);
    }
    return clauses;
  }

  private returnedClauses(type: SupergraphType): readonly Clause[] {
    if (type.kind !== 'interface' && type.kind !== 'union') return this.typeClauses(type);
    return unite([
      this.writtenOnType(type),
      inCommon(this.visible(type).map((possible) => this.typeClauses(possible))),
    ]);
  }

  /** Returns the clauses of a type and of its interfaces. */
  private typeClauses(type: SupergraphType): readonly Clause[] {
    const own = clausesOf(type.directives);
    if (type.interfaces.length === 0) return own;
    return unite([own, ...type.interfaces.map((name) => this.writtenOnType(this.types.get(name)))]);
  }

  /** Returns the clauses on an interface or a union that composition has not added. */
  private writtenOnType(type: SupergraphType | undefined): readonly Clause[] {
    if (!type) return NONE;
    return notComposed(
      clausesOf(type.directives),
      [...type.possible].map((name) => clausesOf(this.types.get(name)?.directives ?? NO_DIRECTIVES)),
    );
  }

  /** Returns the clauses on an interface's field that composition has not added. */
  private writtenOnField(interfaceName: string, fieldName: string): readonly Clause[] {
    const type = this.types.get(interfaceName);
    const field = type?.fields.get(fieldName);
    if (!type || !field) return NONE;
    return notComposed(
      clausesOf(field.directives),
      [...type.possible].map((name) =>
        clausesOf(this.types.get(name)?.fields.get(fieldName)?.directives ?? NO_DIRECTIVES),
      ),
    );
  }

  /** Returns the possible types that are in the public schema. */
  private visible(type: SupergraphType): SupergraphType[] {
    return [...type.possible].flatMap((name) => {
      const possible = this.types.get(name);
      return possible && this.schema.getType(name) ? [possible] : [];
    });
  }
}

function notComposed(own: readonly Clause[], ofTypes: readonly (readonly Clause[])[]): readonly Clause[] {
  return own.length === 0 || sameClauses(own, multiply(unite(ofTypes))) ? NONE : own;
}

function sameClauses(a: readonly Clause[], b: readonly Clause[]): boolean {
  const texts = new Set(a.map(({ text }) => text));
  return a.length === b.length && b.every(({ text }) => texts.has(text));
}

function inCommon(lists: readonly (readonly Clause[])[]): readonly Clause[] {
  const [first = NONE, ...others] = lists;
  return first.filter(({ text }) => others.every((list) => list.some((clause) => clause.text === text)));
}
