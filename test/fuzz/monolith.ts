import {
  buildSchema,
  type ExecutionResult,
  execute,
  type GraphQLObjectType,
  GraphQLSchema,
  isInterfaceType,
  parse,
} from 'graphql';
import { type FieldDescription, INPUT_SDL, type WorldDescription } from './description.ts';
import { allMembers, fieldsOfType, interfaceFieldsIn } from './model.ts';
import type { Thing, Truth } from './truth.ts';

/** The type of a field as SDL: `E0` wrapped by `[!]!` is `[E0!]!`. */
export function printFieldType(field: FieldDescription, nullable = false): string {
  const outer = nullable ? field.wrapping.replace(/!$/, '') : field.wrapping;
  return outer.includes('[') ? outer.replace(/\[(?=[!\]])/, `[${field.type}`) : field.type + outer;
}

export function printArguments(field: FieldDescription): string {
  const args = Object.entries(field.args ?? {}).map(([name, type]) => `${name}: ${type}`);
  return args.length === 0 ? '' : `(${args.join(', ')})`;
}

/** The schema of the whole world in one piece; fields that clients do not see are left out unless asked for. */
export function monolithSchema(world: WorldDescription, withInaccessible: boolean): GraphQLSchema {
  const shown = ({ field }: { field: FieldDescription }) =>
    withInaccessible || !(field.inaccessible || (world.contract && field.uncontracted));
  const printFields = (type: string, only?: readonly string[]) =>
    [...fieldsOfType(world, type)]
      .filter(([name, found]) => shown(found) && (!only || only.includes(name)))
      .map(
        ([name, { field }]) =>
          `  ${name}${printArguments(field)}: ${printFieldType(field, (field.nullableIn ?? []).length > 0)}`,
      )
      .join('\n');
  const parts = ['scalar Blob', INPUT_SDL, `type Query {\n${printFields('Query')}\n}`];
  if (world.mutation) parts.push(`type Mutation {\n${printFields('Mutation')}\n}`);
  for (const [name, { values }] of Object.entries(world.enums)) parts.push(`enum ${name} { ${values.join(' ')} }`);
  for (const [name, { members }] of Object.entries(world.unions))
    parts.push(`union ${name} = ${allMembers(members).join(' | ')}`);
  for (const type of [...Object.keys(world.entities), ...Object.keys(world.values)]) {
    const interfaces = Object.keys(world.interfaces).filter((name) =>
      allMembers(world.interfaces[name]?.members ?? {}).includes(type),
    );
    const clause = interfaces.length > 0 ? ` implements ${interfaces.join(' & ')}` : '';
    parts.push(`type ${type}${clause} {\n${printFields(type)}\n}`);
  }
  for (const name of Object.keys(world.interfaces)) parts.push(printInterface(world, name, printFields));
  const schema = buildSchema(parts.join('\n'), { noLocation: true });
  return world.contract && !withInaccessible ? reachableSchema(schema) : schema;
}

/** Contracts hide the types that nothing leads to from the roots; an interface leads to what implements it. */
function reachableSchema(schema: GraphQLSchema): GraphQLSchema {
  const roots = [schema.getQueryType(), schema.getMutationType()].filter((root) => !!root);
  const types = new Set<GraphQLObjectType>(roots);
  for (;;) {
    const config = { query: schema.getQueryType(), mutation: schema.getMutationType(), types: [...types] };
    const reached = new GraphQLSchema({ ...config, directives: schema.getDirectives() });
    const interfaces = Object.values(reached.getTypeMap()).filter(isInterfaceType);
    const implementing = interfaces.flatMap((type) => schema.getPossibleTypes(type));
    if (implementing.every((type) => types.has(type))) return reached;
    for (const type of implementing) types.add(type);
  }
}

function printInterface(
  world: WorldDescription,
  name: string,
  printFields: (type: string, only?: readonly string[]) => string,
): string {
  const description = world.interfaces[name];
  const member = allMembers(description?.members ?? {})[0] ?? '';
  const objects = Object.values(description?.entity?.objects ?? {}).flatMap((fields) => Object.keys(fields));
  return `interface ${name} {\n${printFields(member, [...interfaceFieldsAnywhere(world, name), ...objects])}\n}`;
}

/** The fields that at least one subgraph defines on the interface. */
function interfaceFieldsAnywhere(world: WorldDescription, name: string): string[] {
  const description = world.interfaces[name];
  const defined = Object.keys(description?.members ?? {}).flatMap((subgraph) =>
    interfaceFieldsIn(world, subgraph, name),
  );
  return [...new Set(defined)];
}

/** Things that know what led to them; leaves as they are. */
function placedBelow(above: Thing, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => placedBelow(above, item));
  if (value === null || typeof value !== 'object' || !('seed' in value)) return value;
  return { ...(value as Thing), above };
}

function rootTypeOf(query: string): string {
  return query.startsWith('mutation') ? 'Mutation' : 'Query';
}

/** What the query must give, computed in one piece. */
export async function answerFromMonolith(
  schema: GraphQLSchema,
  truth: Truth,
  query: string,
  variables: Record<string, unknown>,
): Promise<ExecutionResult> {
  return execute({
    schema,
    document: parse(query),
    rootValue: { type: rootTypeOf(query), seed: '' } satisfies Thing,
    variableValues: variables,
    fieldResolver: (thing: Thing, args, _context, info) => placedBelow(thing, truth.value(thing, info.fieldName, args)),
    typeResolver: (thing) => (thing as Thing).type,
  });
}
