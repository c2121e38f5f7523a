import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getIntrospectionQuery,
  getNamedType,
  isObjectType,
  Kind,
  parse,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
  type ValueNode,
} from 'graphql';

/** The number of values that every introspection may select. */
const MINIMUM_ALLOWED = 20_000;
/** On large schemas, an introspection may select this many times what tools select. */
const TOOL_QUERY_FACTOR = 2;

type Type = GraphQLNamedType | null | undefined;
type Variables = Readonly<Record<string, unknown>>;

/**
 * The limit on the number of values in the result of an introspection: twice what tools select, which is the whole
 * schema, and at least 20,000. Aliases and nested lists could multiply the values without bound.
 */
export class IntrospectionLimit {
  private readonly schema: GraphQLSchema;
  private known: number | undefined;

  constructor(schema: GraphQLSchema) {
    this.schema = schema;
  }

  /** Returns the limit if a valid document selects more values, else `undefined`. Stops counting at the limit. */
  exceededBy(document: DocumentNode, variables: Variables): number | undefined {
    if (countValues(this.schema, document, variables, MINIMUM_ALLOWED) <= MINIMUM_ALLOWED) return undefined;
    const { allowed } = this;
    return countValues(this.schema, document, variables, allowed) > allowed ? allowed : undefined;
  }

  private get allowed(): number {
    if (this.known === undefined) {
      const toolQuerySize = countValues(this.schema, TOOL_QUERY, {}, Number.POSITIVE_INFINITY);
      this.known = Math.max(MINIMUM_ALLOWED, TOOL_QUERY_FACTOR * toolQuerySize);
    }
    return this.known;
  }
}

/** The query of GraphiQL and code generators, with all their options on. */
const TOOL_QUERY = parse(
  getIntrospectionQuery({
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    schemaDescription: true,
    inputValueDeprecation: true,
    oneOf: true,
  }),
);

/**
 * Counts the values that a document selects. Ignores `@skip` and `@include`, and counts a field that is selected
 * twice twice. Stops soon after `enough`.
 */
function countValues(schema: GraphQLSchema, { definitions }: DocumentNode, variables: Variables, enough: number) {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  // introspection resolvers read nothing else
  const info = { schema } as GraphQLResolveInfo;
  let count = 0;

  /**
   * Counts the values of one selection set.
   * @param spread names of the fragments that were already spread on this object: a second spread adds nothing
   */
  function select({ selections }: SelectionSetNode, type: Type, source: unknown, spread?: Set<string>): void {
    let known = spread;
    for (const selection of selections) {
      if (count > enough) return;
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        known ??= new Set();
        select(selection.selectionSet, type, source, known);
      } else if (selection.kind === Kind.FRAGMENT_SPREAD) {
        known ??= new Set();
        const { value: name } = selection.name;
        const fragment = known.has(name) ? undefined : fragments.get(name);
        known.add(name);
        if (fragment) select(fragment.selectionSet, type, source, known);
      } else {
        count += 1;
        const { name, selectionSet, arguments: args } = selection;
        const field = selectionSet && fieldOf(type, name.value);
        if (!field) continue;
        const given = field === TypeMetaFieldDef ? { name: givenValue(args?.[0]?.value, variables) } : ALL_FIELDS;
        descend(selectionSet, getNamedType(field.type), field.resolve?.(source, given, undefined, info));
      }
    }
  }

  function descend(set: SelectionSetNode, type: GraphQLNamedType, value: unknown): void {
    if (Array.isArray(value)) for (const item of value) select(set, type, item);
    else if (value !== undefined && value !== null) select(set, type, value);
  }

  for (const definition of definitions)
    if (definition.kind === Kind.OPERATION_DEFINITION)
      select(definition.selectionSet, schema.getQueryType(), undefined);
  return count;
}

const ALL_FIELDS = { includeDeprecated: true };

function fieldOf(type: Type, name: string): GraphQLField<unknown, unknown> | undefined {
  if (name === '__schema') return SchemaMetaFieldDef;
  if (name === '__type') return TypeMetaFieldDef;
  return isObjectType(type) ? type.getFields()[name] : undefined;
}

function givenValue(node: ValueNode | undefined, variables: Variables): unknown {
  if (node?.kind === Kind.VARIABLE) return variables[node.name.value];
  return node?.kind === Kind.STRING ? node.value : undefined;
}
