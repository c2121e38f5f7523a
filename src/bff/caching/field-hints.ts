import type { DocumentNode, GraphQLSchema } from 'graphql';
import { getNamedType, isCompositeType, TypeInfo, visit, visitWithTypeInfo } from 'graphql';
import type { Supergraph } from '../../supergraph/supergraph.ts';
import type { CacheHints } from './hints.ts';

/** What the fields of an operation say together about keeping its answer. */
export interface HintsMet {
  /** The least of all; 0 where a field says nothing that should, `undefined` where no field says anything. */
  readonly maxAgeMs: number | undefined;
  /** Where the first private field stands, `User.email`. */
  readonly privateField: string | undefined;
  /** Where the first field stands that not everyone may read: `@authenticated`, `@requiresScopes` or `@policy`. */
  readonly guardedField: string | undefined;
}

const GUARDS = ['authenticated', 'requiresScopes', 'policy'];

/**
 * A field has its own hint, else that of its type. Without either, a root field and an object hold for no time at all, and a
 * leaf as long as its object: the rules that Apollo Server made common.
 */
export function hintsMetBy(
  document: DocumentNode,
  schema: GraphQLSchema,
  types: Supergraph['types'],
  hints: CacheHints,
): HintsMet {
  const info = new TypeInfo(schema);
  let least = Number.POSITIVE_INFINITY;
  let said = false;
  let privateField: string | undefined;
  let guardedField: string | undefined;
  visit(
    document,
    visitWithTypeInfo(info, {
      Field(node) {
        const parent = info.getParentType();
        const type = info.getType();
        if (!parent || !type || node.name.value.startsWith('__')) return;
        const inner = getNamedType(type);
        const coordinate = `${parent.name}.${node.name.value}`;
        const own = hints.get(coordinate);
        const ofType = hints.get(inner.name);
        if (guarded(types, parent.name, node.name.value) || guarded(types, inner.name)) guardedField ??= coordinate;
        if ((own?.scope ?? ofType?.scope) === 'private') privateField ??= coordinate;
        const maxAgeMs = own?.maxAgeMs ?? (own?.inherit ? undefined : ofType?.maxAgeMs);
        if (maxAgeMs !== undefined) {
          said = true;
          least = Math.min(least, maxAgeMs);
        } else if (!own?.inherit && !ofType?.inherit && (isRoot(schema, parent.name) || isCompositeType(inner)))
          least = 0;
      },
    }),
  );
  return { maxAgeMs: said ? least : undefined, privateField, guardedField };
}

function isRoot(schema: GraphQLSchema, name: string): boolean {
  return schema.getQueryType()?.name === name;
}

function guarded(types: Supergraph['types'], type: string, field?: string): boolean {
  const known = types.get(type);
  const bearer = field === undefined ? known : known?.fields.get(field);
  return bearer !== undefined && GUARDS.some((name) => bearer.directives.has(name));
}
