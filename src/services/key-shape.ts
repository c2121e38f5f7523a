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

/** The fields of a `@key(fields:)` (federation) or `@key(selectionSet:)` (stitching); what is wrong with them as an error. */
export function keyFieldsOf(key: ConstDirectiveNode): SelectionSetNode | GraphQLError {
  const text = stringOf(key, 'selectionSet') ?? stringOf(key, 'fields');
  if (text === undefined) return new GraphQLError('The key names no fields.', { nodes: key });
  return parsed(text, key);
}

/** The fields that a directive's argument names, or why it cannot be read. */
export function parsed(text: string, node: ConstDirectiveNode): SelectionSetNode | GraphQLError {
  try {
    return parseFields(text);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return new GraphQLError(`"${text}" cannot be read as fields: ${error.message}`, { nodes: node });
  }
}

/** As federation writes it: `id owner { id }`. */
export function printFields(selection: SelectionSetNode): string {
  return print(selection).replace(/\s+/g, ' ').slice(2, -2);
}

/** Paths to every leaf: `id owner { id }` → `[["id"], ["owner", "id"]]`. */
export function leafPaths(selection: SelectionSetNode, above: readonly string[] = []): string[][] {
  return selection.selections.flatMap((node) => {
    if (node.kind !== Kind.FIELD) return node.kind === Kind.INLINE_FRAGMENT ? leafPaths(node.selectionSet, above) : [];
    const path = [...above, node.name.value];
    return node.selectionSet ? leafPaths(node.selectionSet, path) : [path];
  });
}

/** The other way round. */
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

/** The first path that does not lead to a leaf of the type; what is there instead, in words. */
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
      if (index === path.length - 1 && composite)
        return `"${at}.${step}" is no single value, but has fields of its own`;
      if (index < path.length - 1 && !isObjectType(schema.getType(next))) return `"${at}.${step}" has no fields`;
      at = next;
    }
  }
  return undefined;
}
