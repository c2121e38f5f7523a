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

/** Values that may be asked of any schema. */
const ALWAYS_ALLOWED = 20_000;
/** Of large schemas may be asked what tools ask for, so many times. */
const TIMES_THE_USUAL = 2;

type Type = GraphQLNamedType | null | undefined;
type Variables = Readonly<Record<string, unknown>>;

/**
 * How many values the answer to one introspection may have: twice as many as tools ask for, who ask for the whole
 * schema, or 20,000 where that is more. Aliases and nested lists would multiply them without end.
 */
export class IntrospectionBound {
  private readonly schema: GraphQLSchema;
  private known: number | undefined;

  constructor(schema: GraphQLSchema) {
    this.schema = schema;
  }

  /** The number of values that are allowed, where a document that is valid asks for more; counts no further than that. */
  exceededBy(document: DocumentNode, variables: Variables): number | undefined {
    if (countValues(this.schema, document, variables, ALWAYS_ALLOWED) <= ALWAYS_ALLOWED) return undefined;
    const { allowed } = this;
    return countValues(this.schema, document, variables, allowed) > allowed ? allowed : undefined;
  }

  private get allowed(): number {
    if (this.known === undefined) {
      const usual = countValues(this.schema, USUAL, {}, Number.POSITIVE_INFINITY);
      this.known = Math.max(ALWAYS_ALLOWED, TIMES_THE_USUAL * usual);
    }
    return this.known;
  }
}

/** What GraphiQL and code generators ask for, with everything that they can be set to ask for. */
const USUAL = parse(
  getIntrospectionQuery({
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    schemaDescription: true,
    inputValueDeprecation: true,
    oneOf: true,
  }),
);

/** Conditions are left aside, and a field that is selected twice counts twice. Stops soon after `enough`. */
function countValues(schema: GraphQLSchema, { definitions }: DocumentNode, variables: Variables, enough: number) {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  // all that the resolvers of introspection look at
  const info = { schema } as GraphQLResolveInfo;
  let count = 0;

  /** @param spread names of the fragments that this object's selections have spread already: once more adds nothing */
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
        const given = field === TypeMetaFieldDef ? { name: givenValue(args?.[0]?.value, variables) } : ALL;
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

const ALL = { includeDeprecated: true };

function fieldOf(type: Type, name: string): GraphQLField<unknown, unknown> | undefined {
  if (name === '__schema') return SchemaMetaFieldDef;
  if (name === '__type') return TypeMetaFieldDef;
  return isObjectType(type) ? type.getFields()[name] : undefined;
}

function givenValue(node: ValueNode | undefined, variables: Variables): unknown {
  if (node?.kind === Kind.VARIABLE) return variables[node.name.value];
  return node?.kind === Kind.STRING ? node.value : undefined;
}
