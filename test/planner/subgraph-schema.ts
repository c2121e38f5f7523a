import type { FieldDefinitionNode, GraphQLSchema, TypeDefinitionNode } from 'graphql';
import { buildSchema, isTypeDefinitionNode, Kind, parse, print, visit } from 'graphql';
import type { Subgraph, SubgraphType, Supergraph } from '../../src/supergraph/supergraph.ts';

const INPUTS: readonly string[] = [
  Kind.SCALAR_TYPE_DEFINITION,
  Kind.ENUM_TYPE_DEFINITION,
  Kind.INPUT_OBJECT_TYPE_DEFINITION,
];

const known = new WeakMap<Subgraph, GraphQLSchema>();

/**
 * The schema that a subgraph serves, put together from what the supergraph says of it: its own types and fields, with
 * `_entities`. Good enough to validate documents against; nothing can be executed.
 */
export function subgraphSchema(subgraph: Subgraph, supergraph: Supergraph): GraphQLSchema {
  const ready = known.get(subgraph);
  if (ready) return ready;
  const built = buildSchema(subgraphSdl(subgraph, supergraph), { assumeValidSDL: true });
  known.set(subgraph, built);
  return built;
}

function subgraphSdl(subgraph: Subgraph, supergraph: Supergraph): string {
  const { query, mutation } = supergraph.rootTypes;
  const entities = [...subgraph.types.values()].filter((type) => type.keys.length > 0 && type.kind !== 'interface');
  const members = entities.map((type) => type.name).join(' | ');
  const lookup = members ? '_entities(representations: [_Any!]!): [_Entity]!' : '_none: Boolean';
  const parts = [
    `schema { query: ${query} ${mutation && subgraph.types.has(mutation) ? `mutation: ${mutation}` : ''} }`,
  ];
  parts.push('scalar _Any', members && `union _Entity = ${members}`);
  if (!subgraph.types.has(query)) parts.push(`type ${query} { ${lookup} }`);
  for (const definition of withoutDirectives(supergraph.sdl)) {
    const type = subgraph.types.get(definition.name.value);
    if (INPUTS.includes(definition.kind)) parts.push(print(definition));
    else if (type) parts.push(printType(type, definition, subgraph, type.name === query ? lookup : ''));
  }
  return parts.join('\n');
}

function withoutDirectives(sdl: string): TypeDefinitionNode[] {
  const document = visit(parse(sdl, { noLocation: true }), { Directive: () => null });
  return document.definitions
    .filter(isTypeDefinitionNode)
    .filter(({ name }) => !/^(join|link|context)__/.test(name.value));
}

function printType(type: SubgraphType, definition: TypeDefinitionNode, { types }: Subgraph, more: string): string {
  if (type.kind === 'union') return `union ${type.name} = ${[...type.possible].join(' | ')}`;
  const declared = 'fields' in definition ? (definition.fields as readonly FieldDefinitionNode[]) : [];
  const fields = [...type.fields.values()].map((field) => {
    const args = (declared.find(({ name }) => name.value === field.name)?.arguments ?? []).map(print);
    for (const argument of field.contextArguments) args.push(`${argument.name}: ${argument.type}`);
    return `${field.name}${args.length > 0 ? `(${args.join(', ')})` : ''}: ${print(field.type)}`;
  });
  if (type.kind === 'interface') return `interface ${type.name} { ${fields.join(' ')} }`;
  const above = [...types.values()].filter(({ kind, possible }) => kind === 'interface' && possible.has(type.name));
  const interfaces = above.map(({ name }) => name).join(' & ');
  return `type ${type.name}${interfaces && ` implements ${interfaces}`} { ${fields.join(' ')} ${more} }`;
}
