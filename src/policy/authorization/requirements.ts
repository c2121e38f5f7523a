import type { AppliedDirectives } from '../../supergraph/directives.ts';
import type { Supergraph, SupergraphType } from '../../supergraph/supergraph.ts';
import { type Clause, clausesOf, multiply, unite } from './clause.ts';

const NONE: readonly Clause[] = [];
const NO_DIRECTIVES: AppliedDirectives = new Map();

/**
 * What reading each field of a supergraph needs.
 *
 * - A field needs what stands on itself, on the type that it is selected on, and on the type that it returns.
 * - A field selected on an interface needs what it needs on every type that the object may turn out to be: to be asked
 *   for less, ask in fragments on those types.
 * - A field that returns an interface or a union needs what stands on that, and what all its types need alike.
 *
 * Composition writes on an interface what any of its types needs. That is no need of a field that returns the
 * interface: it is decided type by type, below it. What else stands on an interface, or on a field of it, is what its
 * author asks of all that implement it: each of its types needs that, and so do their fields.
 */
export class Requirements {
  private readonly types: Supergraph['types'];
  private readonly schema: Supergraph['publicSchema'];
  private readonly known = new Map<string, readonly Clause[]>();
  private readonly knownReturned = new Map<string, readonly Clause[]>();

  constructor({ types, publicSchema }: Pick<Supergraph, 'types' | 'publicSchema'>) {
    this.types = types;
    this.schema = publicSchema;
  }

  /** Whether anything in the supergraph needs anything. */
  get areThereAny(): boolean {
    for (const type of this.types.values()) {
      if (clausesOf(type.directives).length > 0) return true;
      for (const field of type.fields.values()) if (clausesOf(field.directives).length > 0) return true;
    }
    return false;
  }

  /** What has to be met to read a field that is selected on a type. */
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
    for (const name of type.interfaces) own.push(this.askedOfFields(name, fieldName));
    if (type.kind !== 'object')
      for (const possible of this.visible(type)) own.push(this.ofField(possible.name, fieldName));
    return unite(own);
  }

  /** What a type needs of each field that returns it. */
  private returned(typeName: string): readonly Clause[] {
    let clauses = this.knownReturned.get(typeName);
    if (!clauses) {
      const type = this.types.get(typeName);
      clauses = type ? this.returnedClauses(type) : NONE;
      this.knownReturned.set(typeName, clauses);
    }
    return clauses;
  }

  private returnedClauses(type: SupergraphType): readonly Clause[] {
    if (type.kind !== 'interface' && type.kind !== 'union') return this.typeClauses(type);
    return unite([this.askedOfTypes(type), inCommon(this.visible(type).map((possible) => this.typeClauses(possible)))]);
  }

  /** What stands on a type, and what its interfaces ask of it. */
  private typeClauses(type: SupergraphType): readonly Clause[] {
    const own = clausesOf(type.directives);
    if (type.interfaces.length === 0) return own;
    return unite([own, ...type.interfaces.map((name) => this.askedOfTypes(this.types.get(name)))]);
  }

  /** What stands on an interface or a union and was not composed of what stands on its types. */
  private askedOfTypes(type: SupergraphType | undefined): readonly Clause[] {
    if (!type) return NONE;
    return notComposed(
      clausesOf(type.directives),
      [...type.possible].map((name) => clausesOf(this.types.get(name)?.directives ?? NO_DIRECTIVES)),
    );
  }

  /** What stands on a field of an interface and was not composed of what stands on that field of its types. */
  private askedOfFields(interfaceName: string, fieldName: string): readonly Clause[] {
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

  /** The object types that clients may find where a type is returned. */
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
