import {
  type ConstDirectiveNode,
  type DefinitionNode,
  type DirectiveDefinitionNode,
  type DirectiveLocation,
  type EnumTypeDefinitionNode,
  type FieldDefinitionNode,
  type GraphQLArgumentConfig,
  GraphQLDeprecatedDirective,
  GraphQLDirective,
  GraphQLEnumType,
  type GraphQLFieldConfig,
  GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLInterfaceType,
  GraphQLList,
  type GraphQLNamedType,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLOneOfDirective,
  type GraphQLOutputType,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLSpecifiedByDirective,
  type GraphQLType,
  GraphQLUnionType,
  getDirectiveValues,
  type InputValueDefinitionNode,
  introspectionTypes,
  isTypeDefinitionNode,
  Kind,
  type OperationTypeNode,
  type SchemaDefinitionNode,
  specifiedDirectives,
  specifiedScalarTypes,
  type TypeDefinitionNode,
  type TypeNode,
  valueFromAST,
} from 'graphql';
import type { Steps } from './steps.ts';

const BUILT_IN: ReadonlyMap<string, GraphQLNamedType> = new Map(
  [...specifiedScalarTypes, ...introspectionTypes].map((type) => [type.name, type]),
);

/**
 * Builds a schema from definitions that are known to be valid, as `buildASTSchema` of graphql-js does, but in steps: large schemas
 * take longer than a request may wait. Type extensions are ignored.
 * @throws Error for a type that is not defined
 */
export function* buildSchemaInSteps(definitions: readonly DefinitionNode[]): Steps<GraphQLSchema> {
  const builder = new SchemaBuilder();
  for (const definition of definitions) if (isTypeDefinitionNode(definition)) builder.add(definition);
  yield;
  // fields are made on the first access: here one type after the other, instead of all of them in the constructor of the schema
  for (const type of builder.types.values()) {
    if (!('getFields' in type)) continue;
    type.getFields();
    if ('getInterfaces' in type) type.getInterfaces();
    yield;
  }
  return builder.schema(definitions);
}

type Described = { readonly description?: { readonly value: string } | undefined };
type WithDirectives = { readonly directives?: readonly ConstDirectiveNode[] | undefined };

class SchemaBuilder {
  readonly types = new Map<string, GraphQLNamedType>();

  add(definition: TypeDefinitionNode): void {
    const name = definition.name.value;
    this.types.set(name, BUILT_IN.get(name) ?? this.#type(definition));
  }

  schema(definitions: readonly DefinitionNode[]): GraphQLSchema {
    const directives = definitions.flatMap((node) =>
      node.kind === Kind.DIRECTIVE_DEFINITION ? [this.#directive(node)] : [],
    );
    const own = new Set(directives.map(({ name }) => name));
    const node = definitions.find((node): node is SchemaDefinitionNode => node.kind === Kind.SCHEMA_DEFINITION);
    return new GraphQLSchema({
      description: node?.description?.value,
      ...this.#roots(node),
      types: [...this.types.values()],
      directives: [...directives, ...specifiedDirectives.filter(({ name }) => !own.has(name))],
      astNode: node,
      assumeValid: true,
    });
  }

  #roots(schema: SchemaDefinitionNode | undefined): { readonly [K in OperationTypeNode]?: GraphQLObjectType } {
    const named = schema
      ? schema.operationTypes.map(({ operation, type }) => [operation, type.name.value] as const)
      : ([
          ['query', 'Query'],
          ['mutation', 'Mutation'],
          ['subscription', 'Subscription'],
        ] as const); // prettier-ignore
    const roots: { [K in OperationTypeNode]?: GraphQLObjectType } = {};
    for (const [operation, name] of named) {
      const type = schema ? this.#named(name) : this.types.get(name);
      if (type instanceof GraphQLObjectType) roots[operation] = type;
    }
    return roots;
  }

  #named(name: string): GraphQLNamedType {
    const type = BUILT_IN.get(name) ?? this.types.get(name);
    if (type === undefined) throw new Error(`Unknown type: "${name}".`);
    return type;
  }

  #wrapped(node: TypeNode): GraphQLType {
    if (node.kind === Kind.LIST_TYPE) return new GraphQLList(this.#wrapped(node.type));
    if (node.kind === Kind.NON_NULL_TYPE) return new GraphQLNonNull(this.#wrapped(node.type) as never);
    return this.#named(node.name.value);
  }

  #type(node: TypeDefinitionNode): GraphQLNamedType {
    const common = { name: node.name.value, description: descriptionOf(node), astNode: node as never };
    switch (node.kind) {
      case Kind.OBJECT_TYPE_DEFINITION:
      case Kind.INTERFACE_TYPE_DEFINITION: {
        const Type = node.kind === Kind.OBJECT_TYPE_DEFINITION ? GraphQLObjectType : GraphQLInterfaceType;
        return new Type({
          ...common,
          interfaces: () => (node.interfaces ?? []).map(({ name }) => this.#named(name.value) as GraphQLInterfaceType),
          fields: () => byName(node.fields, (field) => this.#field(field)),
        });
      }
      case Kind.UNION_TYPE_DEFINITION:
        return new GraphQLUnionType({
          ...common,
          types: () => (node.types ?? []).map(({ name }) => this.#named(name.value) as GraphQLObjectType),
        });
      case Kind.INPUT_OBJECT_TYPE_DEFINITION:
        return new GraphQLInputObjectType({
          ...common,
          isOneOf: getDirectiveValues(GraphQLOneOfDirective, node) !== undefined,
          fields: () => byName(node.fields, (field) => this.#input(field)),
        });
      case Kind.ENUM_TYPE_DEFINITION:
        return new GraphQLEnumType({ ...common, values: enumValues(node) });
      case Kind.SCALAR_TYPE_DEFINITION:
        return new GraphQLScalarType({ ...common, specifiedByURL: specifiedByUrl(node) });
    }
  }

  #field(node: FieldDefinitionNode): GraphQLFieldConfig<unknown, unknown> {
    return {
      type: this.#wrapped(node.type) as GraphQLOutputType,
      description: descriptionOf(node),
      args: byName(node.arguments, (argument) => this.#input(argument)),
      deprecationReason: deprecationReason(node),
      astNode: node,
    };
  }

  /** Returns an argument or an input field. */
  #input(node: InputValueDefinitionNode): GraphQLArgumentConfig {
    const type = this.#wrapped(node.type) as GraphQLInputType;
    return {
      type,
      description: descriptionOf(node),
      defaultValue: valueFromAST(node.defaultValue, type),
      deprecationReason: deprecationReason(node),
      astNode: node,
    };
  }

  #directive(node: DirectiveDefinitionNode): GraphQLDirective {
    return new GraphQLDirective({
      name: node.name.value,
      description: descriptionOf(node),
      locations: node.locations.map(({ value }) => value as DirectiveLocation),
      isRepeatable: node.repeatable,
      args: byName(node.arguments, (argument) => this.#input(argument)),
      astNode: node,
    });
  }
}

function byName<N extends { readonly name: { readonly value: string } }, T>(
  nodes: readonly N[] | undefined,
  configOf: (node: N) => T,
): Record<string, T> {
  const configs: Record<string, T> = Object.create(null);
  for (const node of nodes ?? []) configs[node.name.value] = configOf(node);
  return configs;
}

function enumValues(node: EnumTypeDefinitionNode) {
  return byName(node.values, (value) => ({
    description: descriptionOf(value),
    deprecationReason: deprecationReason(value),
    astNode: value,
  }));
}

function descriptionOf({ description }: Described): string | undefined {
  return description?.value;
}

function deprecationReason(node: WithDirectives): string | undefined {
  if (!node.directives?.length) return undefined;
  return getDirectiveValues(GraphQLDeprecatedDirective, node)?.reason as string | undefined;
}

function specifiedByUrl(node: WithDirectives): string | undefined {
  return getDirectiveValues(GraphQLSpecifiedByDirective, node)?.url as string | undefined;
}
