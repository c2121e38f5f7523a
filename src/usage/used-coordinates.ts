import {
  type ASTVisitor,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  Kind,
  type OperationDefinitionNode,
  TypeInfo,
  typeFromAST,
  visit,
  visitWithTypeInfo,
} from 'graphql';

/**
 * What an operation uses of a schema, as schema coordinates: `Product`, `Product.price`, `Query.products(first:)`, `Filter.color`,
 * `Color.RED`, `@defer`. Sorted, without duplicates.
 *
 * @see https://spec.graphql.org/draft/#sec-Schema-Coordinates
 */
export interface UsedCoordinates {
  /** What the text of the operation names. */
  readonly used: readonly string[];
  /** Input fields and enum values that its variables can have: whether a client sends them is not known. */
  readonly possible: readonly string[];
}

/** Returns what an operation and its fragments use. Introspection is left out. The document is valid for the schema. */
export function usedCoordinates(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): UsedCoordinates {
  const used = new Set<string>();
  const possible = new Set<string>();
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const one of document.definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one);
  const pending: (OperationDefinitionNode | FragmentDefinitionNode)[] = [operation];
  const onFragment = (name: string) => {
    const fragment = fragments.get(name);
    fragments.delete(name);
    if (fragment) pending.push(fragment);
  };
  for (let node = pending.pop(); node; node = pending.pop()) {
    const types = new TypeInfo(schema);
    visit(node, visitWithTypeInfo(types, collector(schema, types, { used, possible, onFragment })));
  }
  for (const coordinate of used) possible.delete(coordinate);
  return { used: [...used].sort(), possible: [...possible].sort() };
}

interface Collected {
  readonly used: Set<string>;
  readonly possible: Set<string>;
  readonly onFragment: (name: string) => void;
}

function collector(schema: GraphQLSchema, types: TypeInfo, { used, possible, onFragment }: Collected): ASTVisitor {
  return {
    Field({ name: { value: name } }) {
      if (name.startsWith('__')) return false;
      used.add(`${types.getParentType()?.name}.${name}`);
      addName(used, getNamedType(types.getType()));
      return undefined;
    },
    FragmentSpread: ({ name }) => onFragment(name.value),
    NamedType: ({ name }) => void used.add(name.value),
    Directive: ({ name }) => void used.add(`@${name.value}`),
    Argument({ name }) {
      const directive = types.getDirective();
      const owner = directive ? `@${directive.name}` : `${types.getParentType()?.name}.${types.getFieldDef()?.name}`;
      used.add(`${owner}(${name.value}:)`);
      addName(used, getNamedType(types.getInputType()));
    },
    ObjectField({ name }) {
      used.add(`${getNamedType(types.getParentInputType())?.name}.${name.value}`);
      addName(used, getNamedType(types.getInputType()));
    },
    EnumValue: ({ value }) => void used.add(`${getNamedType(types.getInputType())?.name}.${value}`),
    VariableDefinition({ type }) {
      addValues(getNamedType(typeFromAST(schema, type as never)), possible);
    },
  };
}

function addName(used: Set<string>, type: GraphQLNamedType | undefined): void {
  if (type) used.add(type.name);
}

/** Adds everything that a value of an input type can contain. */
function addValues(type: GraphQLNamedType | undefined, possible: Set<string>): void {
  if (isEnumType(type)) for (const { name } of type.getValues()) possible.add(`${type.name}.${name}`);
  if (!isInputObjectType(type)) return;
  for (const field of Object.values(type.getFields())) {
    const coordinate = `${type.name}.${field.name}`;
    if (possible.has(coordinate)) continue;
    possible.add(coordinate);
    const inner = getNamedType(field.type);
    addName(possible, inner);
    addValues(inner, possible);
  }
}
