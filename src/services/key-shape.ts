import {
  type ConstDirectiveNode,
  GraphQLError,
  type GraphQLSchema,
  isCompositeType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  type SelectionSetNode,
} from 'graphql';
import { stringOf } from './arguments.ts';
import { fieldTypeOf } from './rename.ts';

/** Parses `id owner { id }`, with or without braces around it. Throws a `GraphQLError`. */
export function parseFields(text: string): SelectionSetNode {
  const braced = text.trim().startsWith('{') ? text : `{ ${text} }`;
  const [operation] = parse(braced, { noLocation: true }).definitions;
  return (operation as OperationDefinitionNode).selectionSet;
}

/** Returns the fields of a `@key(fields:)` (federation) or `@key(selectionSet:)` (stitching), or the error in them. */
export function keyFieldsOf(key: ConstDirectiveNode): SelectionSetNode | GraphQLError {
  const text = stringOf(key, 'selectionSet') ?? stringOf(key, 'fields');
  if (text === undefined) return new GraphQLError('The key has no fields.', { nodes: key });
  return parseFieldsAt(text, key);
}

/** Parses the fields in a directive's argument; returns the error where they are invalid. */
export function parseFieldsAt(text: string, node: ConstDirectiveNode): SelectionSetNode | GraphQLError {
  try {
    return parseFields(text);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return new GraphQLError(`"${text}" is not a valid field set: ${error.message}`, { nodes: node });
  }
}

/** Prints a field set: `id owner { id }`. */
export function printFields(selection: SelectionSetNode): string {
  return print(selection).replace(/\s+/g, ' ').slice(2, -2);
}

/** Returns the paths to all leaves: `id owner { id }` → `[["id"], ["owner", "id"]]`. */
export function leafPaths(selection: SelectionSetNode, parents: readonly string[] = []): string[][] {
  return selection.selections.flatMap((node) => {
    if (node.kind !== Kind.FIELD)
      return node.kind === Kind.INLINE_FRAGMENT ? leafPaths(node.selectionSet, parents) : [];
    const path = [...parents, node.name.value];
    return node.selectionSet ? leafPaths(node.selectionSet, path) : [path];
  });
}

/** Converts paths to a selection set: the inverse of `leafPaths`. */
export function selectionOf(paths: readonly (readonly string[])[]): SelectionSetNode {
  const below = new Map<string, string[][]>();
  for (const [first, ...rest] of paths) {
    if (first === undefined) continue;
    const list = below.get(first) ?? [];
    below.set(first, list);
    if (rest.length > 0) list.push(rest);
  }
  const selections = [...below].map(([value, rest]) => ({
    kind: Kind.FIELD as const,
    name: { kind: Kind.NAME as const, value },
    ...(rest.length > 0 ? { selectionSet: selectionOf(rest) } : {}),
  }));
  return { kind: Kind.SELECTION_SET, selections };
}

/** Describes the first path that does not lead to a leaf of the type; returns `undefined` where all do. */
export function wrongPath(
  schema: GraphQLSchema,
  typeName: string,
  paths: readonly (readonly string[])[],
): string | undefined {
  for (const path of paths) {
    let at = typeName;
    for (const [index, step] of path.entries()) {
      const next = fieldTypeOf(schema, at, step);
      if (next === undefined) return `"${at}" has no field "${step}"`;
      const composite = isCompositeType(schema.getType(next));
      if (index === path.length - 1 && composite) return `"${at}.${step}" is an object, not a single value`;
      if (index < path.length - 1 && !isObjectType(schema.getType(next))) return `"${at}.${step}" has no fields`;
      at = next;
    }
  }
  return undefined;
}
