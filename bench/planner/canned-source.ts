import { type FieldNode, Kind, type OperationDefinitionNode, parse, type SelectionSetNode } from 'graphql';
import type { Source } from '../../src/sources/source.ts';

/** Time spent in sources, in milliseconds, so that it can be taken off. */
export interface Spent {
  milliseconds: number;
}

/** A subgraph in this process that answers every leaf with `"1"`, and as many entities as it is sent. */
export function cannedSource(name: string, spent: Spent): Source {
  return {
    name,
    send({ body }, done) {
      const start = performance.now();
      const { query, variables = {} } = JSON.parse(body) as { query: string; variables?: Record<string, unknown> };
      const operation = parse(query).definitions[0] as OperationDefinitionNode;
      const text = JSON.stringify({ data: objectFor(operation.selectionSet, variables) });
      spent.milliseconds += performance.now() - start;
      done({ kind: 'text', text, status: 200 });
    },
    close: () => Promise.resolve(),
  };
}

function objectFor(set: SelectionSetNode, variables: Record<string, unknown>): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const node of set.selections) {
    if (node.kind === Kind.FIELD) object[node.alias?.value ?? node.name.value] = valueFor(node, variables);
    else if (node.kind === Kind.INLINE_FRAGMENT) Object.assign(object, objectFor(node.selectionSet, variables));
  }
  return object;
}

function valueFor(node: FieldNode, variables: Record<string, unknown>): unknown {
  const { selectionSet } = node;
  if (!selectionSet) return node.name.value === 'size' ? 1 : '1';
  if (node.name.value !== '_entities') return objectFor(selectionSet, variables);
  const value = node.arguments?.[0]?.value;
  const sent = value?.kind === Kind.VARIABLE ? (variables[value.name.value] as unknown[]) : [];
  return sent.map(() => objectFor(selectionSet, variables));
}
