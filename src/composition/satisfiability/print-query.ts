import { type DocumentNode, Kind, print } from 'graphql';
import type { Failure, Step } from './explore.ts';

/**
 * Prints the query that leads to a failure. Required arguments are printed with their types.
 *
 * @example
 * {
 *   product(id: ID!) {
 *     reviews
 *   }
 * }
 */
export function printQuery({ path, field, state }: Failure, supergraph: DocumentNode): string {
  const steps: Step[] = [
    field === undefined ? { field: '__typename', on: state.typeName } : { field, on: state.typeName },
  ];
  for (let at = path; at; at = at.before) steps.unshift(at.step);
  const lines = steps.map((step, depth) => `${'  '.repeat(depth + 1)}${printStep(step, supergraph)}`);
  const [first] = steps;
  const root = first && 'field' in first ? first.on : 'Query';
  const closing = steps.map((_, depth) => `${'  '.repeat(steps.length - 1 - depth)}}`);
  const isLeaf = field === undefined || !isComposite(state.typeName, field, supergraph);
  return [
    root === 'Query' ? '{' : `${root.toLowerCase()} {`,
    ...lines.map((line, depth) => (depth === lines.length - 1 ? `${line}${isLeaf ? '' : ' { … }'}` : `${line} {`)),
    ...closing,
  ].join('\n');
}

function printStep(step: Step, supergraph: DocumentNode): string {
  if ('type' in step) return `... on ${step.type}`;
  const args = fieldOf(step.on, step.field, supergraph)?.arguments ?? [];
  const required = args.filter(({ type, defaultValue }) => type.kind === Kind.NON_NULL_TYPE && !defaultValue);
  if (required.length === 0) return step.field;
  return `${step.field}(${required.map(({ name, type }) => `${name.value}: ${print(type)}`).join(', ')})`;
}

function fieldOf(type: string, field: string, { definitions }: DocumentNode) {
  for (const node of definitions) {
    const isHolder = node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.INTERFACE_TYPE_DEFINITION;
    if (isHolder && node.name.value === type) return node.fields?.find(({ name }) => name.value === field);
  }
  return undefined;
}

function isComposite(type: string, field: string, supergraph: DocumentNode): boolean {
  let node = fieldOf(type, field, supergraph)?.type;
  while (node && node.kind !== Kind.NAMED_TYPE) node = node.type;
  const name = node?.name.value;
  return supergraph.definitions.some(
    (definition) =>
      (definition.kind === Kind.OBJECT_TYPE_DEFINITION ||
        definition.kind === Kind.INTERFACE_TYPE_DEFINITION ||
        definition.kind === Kind.UNION_TYPE_DEFINITION) &&
      definition.name.value === name,
  );
}
