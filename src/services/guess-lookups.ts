import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isLeafType,
  isListType,
  isObjectType,
  isRequiredArgument,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
  printSchema,
} from 'graphql';

/** A root field that may be a look-up, by its type and names. */
export interface LookupGuess {
  readonly field: string;
  readonly type: string;
  /** `@merge(keyField: "id")` */
  readonly directive: string;
  /** Whether the key is an ID or named like one; otherwise the argument may be a filter. */
  readonly isCertain: boolean;
}

/**
 * Returns root fields that seem to find objects by a key: `user(id: ID!): User`, `usersByIds(ids: [ID!]!): [User]!`,
 * `product(productId: ID!): Product`.
 */
export function guessLookups(schema: GraphQLSchema): LookupGuess[] {
  return Object.values(schema.getQueryType()?.getFields() ?? {}).flatMap((field) => guess(field) ?? []);
}

function guess(field: GraphQLField<unknown, unknown>): LookupGuess | undefined {
  const nullable = getNullableType(field.type);
  const list = isListType(nullable);
  const type = getNullableType(list ? nullable.ofType : nullable);
  if (!isObjectType(type)) return undefined;
  const required = field.args.filter(isRequiredArgument);
  const [only] = required.length === 1 ? required : field.args.length === 1 ? field.args : [];
  if (!only || isListType(getNullableType(only.type)) !== list || !isLeafType(getNamedType(only.type)))
    return undefined;
  const key = keyFieldFor(only, type);
  if (key === undefined) return undefined;
  const keyArg = field.args.length > 1 ? `, keyArg: "${only.name}"` : '';
  const isCertain = getNamedType(only.type).name === 'ID' || /^(id|uuid|.*Id)$/.test(key);
  return {
    field: field.name,
    type: type.name,
    directive: `@merge(keyField: "${key}"${keyArg}, public: true)`,
    isCertain,
  };
}

/** Returns the field of the same type that an argument is named after: `ids`, `userId`, `userIds` → `id` of `User`. */
function keyFieldFor(argument: GraphQLArgument, type: GraphQLObjectType): string | undefined {
  const wanted = namesFor(argument.name, type.name);
  const taken = getNamedType(argument.type).name;
  return Object.values(type.getFields()).find(
    (field) =>
      wanted.includes(field.name.toLowerCase()) &&
      !isListType(getNullableType(field.type)) &&
      getNamedType(field.type).name === taken,
  )?.name;
}

function namesFor(argument: string, typeName: string): string[] {
  const name = argument.toLowerCase();
  const singular = name.replace(/(?<=[^s])s$/, '');
  const type = typeName.toLowerCase();
  return [name, singular].flatMap((text) =>
    text.startsWith(type) ? [text, text.slice(type.length).replace(/^_/, '')] : [text],
  );
}

/** Writes a service's file for a schema. Certain look-ups have `@merge`; possible ones have it in a comment. */
export function writeServiceFile(schema: GraphQLSchema, url: string): string {
  const guesses = new Map(guessLookups(schema).map((found) => [found.field, found]));
  const sdl = printSchema(schema);
  const query = parse(sdl).definitions.find(
    (node): node is ObjectTypeDefinitionNode =>
      node.kind === Kind.OBJECT_TYPE_DEFINITION && node.name.value === schema.getQueryType()?.name,
  );
  let text = sdl;
  for (const field of [...(query?.fields ?? [])].reverse()) {
    const found = guesses.get(field.name.value);
    const { start = 0, end = 0 } = field.loc ?? {};
    if (!found) continue;
    if (found.isCertain) text = `${text.slice(0, end)} ${found.directive}${text.slice(end)}`;
    else text = `${text.slice(0, start)}# If this is a look-up by a key: ${found.directive}\n  ${text.slice(start)}`;
  }
  return `${HEAD}extend schema @service(url: ${JSON.stringify(url)})\n\n${text}\n`;
}

const HEAD = `# A plain GraphQL service, from its introspection. \`@merge\` marks look-ups: their types become entities that other
# sources can extend. \`public: true\` keeps a look-up in the public schema.
`;
