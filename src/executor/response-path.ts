import { Kind, type TypeNode } from 'graphql';
import type { FetchField, FetchNode } from '../planner/positions.ts';
import { isObject } from './objects.ts';
import type { SubgraphPath } from './response-objects.ts';

/**
 * Follows the path of an error through the selections of a fetch.
 *
 * @param value the value in the response at the start of the path
 * @returns how much of the path leads to the null that the error causes: null propagates through non-null types.
 * `undefined` where it is not a response path: it names a field that was not selected, or an index outside its list.
 * @see https://spec.graphql.org/October2021/#sec-Handling-Field-Errors
 */
export function followErrorPath(node: FetchNode, path: SubgraphPath, value: unknown): number | undefined {
  let nodes: readonly FetchNode[] = [node];
  let type: TypeNode | undefined;
  let at = value;
  let nullDepth = 0;
  for (const [depth, step] of (path as readonly unknown[]).entries()) {
    const list: TypeNode | undefined = type && listType(type);
    if (typeof step === 'number') {
      if (list === undefined || !isIndexIn(step, at)) return undefined;
      type = list;
      at = Array.isArray(at) ? at[step] : undefined;
    } else {
      const fields = typeof step === 'string' && list === undefined ? selectedFields(nodes, step) : [];
      const [first] = fields;
      if (first === undefined) return undefined;
      type = first.type;
      nodes = fields.flatMap((field) => field.node ?? []);
      at = isObject(at) ? at[step as string] : undefined;
    }
    if (type.kind !== Kind.NON_NULL_TYPE) nullDepth = depth + 1;
  }
  return nullDepth;
}

/** Returns the type of a list's items; `undefined` where it is not a list. */
function listType(type: TypeNode): TypeNode | undefined {
  const inner = type.kind === Kind.NON_NULL_TYPE ? type.type : type;
  return inner.kind === Kind.LIST_TYPE ? inner.type : undefined;
}

function isIndexIn(index: number, value: unknown): boolean {
  return Number.isInteger(index) && index >= 0 && (!Array.isArray(value) || index < value.length);
}

function selectedFields(nodes: readonly FetchNode[], key: string): Pick<FetchField, 'type' | 'node'>[] {
  return nodes.flatMap((node) => {
    const field = node.fields.get(key);
    const below = selectedFields([...node.typeConditions.values()], key);
    if (field) return [field, ...below];
    return key === '__typename' && node.typename ? [TYPENAME, ...below] : below;
  });
}

const TYPENAME: Pick<FetchField, 'type' | 'node'> = {
  type: { kind: Kind.NON_NULL_TYPE, type: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: 'String' } } },
  node: undefined,
};
