import type { DocumentNode, GraphQLNamedType, GraphQLSchema } from 'graphql';
import { getNamedType, isAbstractType, isCompositeType, TypeInfo, visit, visitWithTypeInfo } from 'graphql';
import type { Supergraph } from '../supergraph/supergraph.ts';
import type { CacheHint, CacheHints } from './cache-hints.ts';

/** What the fields of an operation say together about keeping its answer. */
export interface MatchedHints {
  /** The least of all; 0 where a field says nothing that should, `undefined` where no field says anything. */
  readonly maxAgeMs: number | undefined;
  /** Where the first private field stands, `User.email`. */
  readonly privateField: string | undefined;
  /** Where the first field stands that not everyone may read: `@authenticated`, `@requiresScopes` or `@policy`. */
  readonly guardedField: string | undefined;
  /** Everything that says how long it holds says `scope: PUBLIC` as well. */
  readonly isPublic: boolean;
  /** A field that should say something does not, and its source is one that says it with each answer. */
  readonly dependsOnSources: boolean;
}

/** What hints are looked for in. */
export interface HintedSchema {
  /** The schema that the document is valid against. */
  readonly schema: GraphQLSchema;
  readonly types: Supergraph['types'];
  readonly hints: CacheHints;
  /** Whether all sources of a field say with their answers how long these hold. None does by default. */
  readonly reportsCacheControl?: ((type: string, field: string) => boolean) | undefined;
}

const GUARDS = ['authenticated', 'requiresScopes', 'policy'];

/**
 * A field has its own hint, else that of its type. Without either, a root field and an object hold for no time at all, and a
 * leaf as long as its object: the rules that Apollo Server made common. Of an interface or a union, all types that it may be
 * count.
 */
export function matchHints(document: DocumentNode, hinted: HintedSchema): MatchedHints {
  const { schema } = hinted;
  const info = new TypeInfo(schema);
  const collector = new HintCollector(hinted);
  visit(
    document,
    visitWithTypeInfo(info, {
      Field({ name }) {
        const parent = info.getParentType();
        const type = info.getType();
        if (parent && type && !name.value.startsWith('__')) collector.add(parent, name.value, getNamedType(type));
      },
    }),
  );
  return collector.result();
}

/** Gathers what one field after the other says. */
class HintCollector {
  readonly #hinted: HintedSchema;
  readonly #seen = new Set<string>();
  #leastMs = Number.POSITIVE_INFINITY;
  #hasMaxAge = false;
  #isPublic = true;
  #dependsOnSources = false;
  #privateField: string | undefined;
  #guardedField: string | undefined;

  constructor(hinted: HintedSchema) {
    this.#hinted = hinted;
  }

  result(): MatchedHints {
    return {
      maxAgeMs: this.#hasMaxAge ? this.#leastMs : undefined,
      privateField: this.#privateField,
      guardedField: this.#guardedField,
      isPublic: this.#hasMaxAge && this.#isPublic,
      dependsOnSources: this.#dependsOnSources,
    };
  }

  add(parent: GraphQLNamedType, field: string, inner: GraphQLNamedType): void {
    const coordinate = `${parent.name}.${field}`;
    if (this.#seen.has(coordinate)) return;
    this.#seen.add(coordinate);
    const { hints } = this.#hinted;
    // the type of the parent speaks for itself only where no field led to it
    const isGuarded =
      this.#isGuarded(parent.name) || this.#isGuarded(parent.name, field) || this.#isGuarded(inner.name);
    if (isGuarded) this.#guardedField ??= coordinate;
    for (const name of this.#namesOf(parent)) {
      if (this.#isGuarded(name, field)) this.#guardedField ??= coordinate;
      const own = hints.get(`${name}.${field}`) ?? hints.get(coordinate);
      for (const innerName of this.#namesOf(inner)) {
        if (this.#isGuarded(innerName)) this.#guardedField ??= coordinate;
        this.#addHint({ parent, field, inner }, own, hints.get(innerName) ?? hints.get(inner.name));
      }
    }
  }

  #addHint({ parent, field, inner }: FieldUse, own: CacheHint | undefined, ofType: CacheHint | undefined): void {
    const scope = own?.scope ?? ofType?.scope;
    if (scope === 'private') this.#privateField ??= `${parent.name}.${field}`;
    const maxAgeMs = own?.maxAgeMs ?? (own?.inherit ? undefined : ofType?.maxAgeMs);
    if (maxAgeMs !== undefined) {
      this.#hasMaxAge = true;
      this.#leastMs = Math.min(this.#leastMs, maxAgeMs);
      if (scope !== 'public') this.#isPublic = false;
      return;
    }
    if (own?.inherit || ofType?.inherit || !(this.#isRoot(parent) || isCompositeType(inner))) return;
    if (this.#hinted.reportsCacheControl?.(parent.name, field)) this.#dependsOnSources = true;
    else this.#leastMs = 0;
  }

  #isRoot({ name }: GraphQLNamedType): boolean {
    return this.#hinted.schema.getQueryType()?.name === name;
  }

  /** The types that a value may be; of an interface without any, itself. */
  #namesOf(type: GraphQLNamedType): readonly string[] {
    const possible = isAbstractType(type) ? this.#hinted.schema.getPossibleTypes(type) : [];
    return possible.length === 0 ? [type.name] : possible.map(({ name }) => name);
  }

  #isGuarded(type: string, field?: string): boolean {
    const interfaces = this.#hinted.types.get(type)?.interfaces ?? [];
    return GUARDS.some(
      (guard) =>
        this.#hasDirective(guard, type, field) ||
        interfaces.some((name) => this.#isGuardedByInterface(name, guard, type, field)),
    );
  }

  #hasDirective(guard: string, type: string, field: string | undefined): boolean {
    const known = this.#hinted.types.get(type);
    const bearer = field === undefined ? known : known?.fields.get(field);
    return bearer?.directives.has(guard) === true;
  }

  /**
   * Whether an interface asks it of a type. Composition writes on an interface what one of its types needs: without arguments
   * it shows whether that is so; with arguments it is taken for the interface's own.
   */
  #isGuardedByInterface(name: string, guard: string, type: string, field: string | undefined): boolean {
    if (!this.#hasDirective(guard, name, field)) return false;
    const possible = [...(this.#hinted.types.get(name)?.possible ?? [])];
    return guard !== 'authenticated' || !possible.some((one) => one !== type && this.#hasDirective(guard, one, field));
  }
}

interface FieldUse {
  readonly parent: GraphQLNamedType;
  readonly field: string;
  readonly inner: GraphQLNamedType;
}
