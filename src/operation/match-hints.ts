import type { DocumentNode, GraphQLNamedType, GraphQLSchema } from 'graphql';
import { getNamedType, isAbstractType, isCompositeType, TypeInfo, visit, visitWithTypeInfo } from 'graphql';
import type { Supergraph } from '../supergraph/supergraph.ts';
import type { CacheHint, CacheHints } from './cache-hints.ts';

/** The combined cache hints of all fields of an operation. */
export interface MatchedHints {
  /** The lowest of all; 0 where a field lacks a hint that it needs, `undefined` where no field has a hint. */
  readonly maxAgeMs: number | undefined;
  /** The coordinate of the first private field, `User.email`. */
  readonly privateField: string | undefined;
  /**
   * The coordinate of the first field that not every client may read: `@authenticated`, `@requiresScopes` or
   * `@policy`.
   */
  readonly guardedField: string | undefined;
  /** Whether every hint with a max age has `scope: PUBLIC` as well. */
  readonly isPublic: boolean;
  /** Whether a field lacks a hint that it needs, but its subgraphs report cache control with each response. */
  readonly dependsOnSources: boolean;
}

/** The schema and the hints that apply to it. */
export interface HintedSchema {
  /** The schema that the document is valid against. */
  readonly schema: GraphQLSchema;
  readonly types: Supergraph['types'];
  readonly hints: CacheHints;
  /** Returns whether all sources of a field report cache control with their responses. None does by default. */
  readonly reportsCacheControl?: ((type: string, field: string) => boolean) | undefined;
}

const GUARDS = ['authenticated', 'requiresScopes', 'policy'];

/**
 * Combines the cache hints of all fields of a document. A field has its own hint, else that of its type. Without
 * either, a root field and an object may not be cached, and a leaf as long as its object; these are the rules of
 * Apollo Server. For an interface or a union, the hints of all possible types apply.
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

/** Combines the hints of one field after the other. */
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
    // the guards on the parent's type matter where no field led to it
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

  /** Returns the possible types of a value; for an interface without any, the interface itself. */
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
    const element = field === undefined ? known : known?.fields.get(field);
    return element?.directives.has(guard) === true;
  }

  /**
   * Returns whether the guard on an interface applies to a type. Composition copies the guard of one implementing
   * type to the interface. Without arguments it is visible whether it was copied; with arguments it counts as the
   * interface's own.
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
