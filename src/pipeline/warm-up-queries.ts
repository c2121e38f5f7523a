import {
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  isRequiredArgument,
} from 'graphql';

const MAX_LEVELS = 4;
const MAX_LEAVES = 6;
const MAX_BRANCHES = 3;

/**
 * Generates queries from a schema: fields without required arguments, some levels deep, each query another part of
 * the schema. They are only planned, so that the planning code is warm before the first client request.
 *
 * In:  a schema with `Query.me: User`, `User.name`, `User.friend: User`, and 1
 * Out: `"{ r0: me { name friend { name friend { name friend { name } } } } }"`
 */
export function* warmUpQueries(schema: GraphQLSchema, count: number): Generator<string> {
  const query = schema.getQueryType();
  const roots = query ? Object.values(query.getFields()).filter(needsNoArguments) : [];
  const branches = roots.filter((field) => isCompositeType(getNamedType(field.type)));
  if (branches.length === 0) return;
  for (let turn = 0; turn < count; turn++) {
    const chosen = pick(branches, turn, 2);
    const fields = chosen.map((field, i) => `r${turn + i}: ${field.name} ${selectionOf(schema, field, turn, 1)}`);
    yield `{ ${fields.join(' ')} }`;
  }
}

function selectionOf(
  schema: GraphQLSchema,
  field: GraphQLField<unknown, unknown>,
  turn: number,
  level: number,
): string {
  const type = getNamedType(field.type);
  return isCompositeType(type) ? `{ ${fieldsOf(schema, type, turn, level)} }` : '';
}

function fieldsOf(schema: GraphQLSchema, type: GraphQLCompositeType, turn: number, level: number): string {
  const parts: string[] = [];
  if (isObjectType(type) || isInterfaceType(type)) {
    const fields = Object.values(type.getFields()).filter(needsNoArguments);
    const isBranch = (field: GraphQLField<unknown, unknown>) => isCompositeType(getNamedType(field.type));
    const leaves = fields.filter((field) => !isBranch(field));
    parts.push(...pick(leaves, turn, MAX_LEAVES).map(({ name }) => name));
    if (level < MAX_LEVELS) {
      for (const field of pick(fields.filter(isBranch), turn, level === 1 ? MAX_BRANCHES : 1))
        parts.push(`${field.name} ${selectionOf(schema, field, turn, level + 1)}`);
    }
  }
  if (isAbstractType(type) && level < MAX_LEVELS) {
    const [possible] = pick(schema.getPossibleTypes(type), turn, 1);
    if (possible) parts.push(`... on ${possible.name} { ${fieldsOf(schema, possible, turn, level + 1)} }`);
  }
  return parts.length > 0 ? parts.join(' ') : '__typename';
}

function needsNoArguments(field: GraphQLField<unknown, unknown>): boolean {
  return !field.args.some(isRequiredArgument);
}

/** Returns up to `count` items, starting at another one each turn. */
function pick<T>(items: readonly T[], turn: number, count: number): T[] {
  const start = items.length === 0 ? 0 : turn % items.length;
  return [...items.slice(start), ...items.slice(0, start)].slice(0, count);
}
