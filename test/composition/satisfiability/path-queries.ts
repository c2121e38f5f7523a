import { type GraphQLSchema, getNamedType, isInterfaceType, isObjectType, isUnionType, parse } from 'graphql';
import type { Path } from '../../../src/composition/satisfiability/explore.ts';
import { normalise } from '../../../src/operation/normalise.ts';
import type { FieldIndex } from '../../../src/planner/field-index.ts';
import { planOperation } from '../../../src/planner/planner.ts';

/** Plans a query, arguments being of no importance; what is wrong comes back as text. */
export function planQuery(query: string, fieldIndex: FieldIndex): string | undefined {
  const document = parse(query);
  const [operation] = document.definitions;
  if (operation?.kind !== 'OperationDefinition') throw new Error(`no operation: ${query}`);
  try {
    planOperation(normalise(document, operation, fieldIndex.supergraph, {}), fieldIndex);
    return undefined;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}

/** The query that leads to a field, `{ products { ... on Book { title } } }`. */
export function queryOf(path: Path | undefined, field: string, kind = 'query'): string {
  let query = `{ ${field} }`;
  for (let at = path; at; at = at.before) {
    query = 'field' in at.step ? `{ ${at.step.field} ${query} }` : `{ ... on ${at.step.type} ${query} }`;
  }
  return `${kind} ${query}`;
}

/** Queries that select all fields without selections at the end of each path, the shortest paths first. */
export function* pathQueries(schema: GraphQLSchema, limit: number): Generator<string> {
  const query = schema.getQueryType();
  if (!query) return;
  let queue: { type: string; wrap: (inner: string) => string }[] = [
    { type: query.name, wrap: (inner) => `{ ${inner} }` },
  ];
  let given = 0;
  for (; queue.length > 0 && given < limit; ) {
    const next: typeof queue = [];
    for (const { type: typeName, wrap } of queue) {
      const type = schema.getType(typeName);
      if (isUnionType(type) || isInterfaceType(type)) {
        for (const { name } of schema.getPossibleTypes(type))
          next.push({ type: name, wrap: (inner) => wrap(`... on ${name} { ${inner} }`) });
      }
      if (isUnionType(type)) continue;
      if (!isObjectType(type) && !isInterfaceType(type)) continue;
      const leaves: string[] = [];
      for (const field of Object.values(type.getFields())) {
        const named = getNamedType(field.type);
        const isComposite = isObjectType(named) || isInterfaceType(named) || isUnionType(named);
        if (isComposite) {
          const { name } = field;
          next.push({ type: named.name, wrap: (inner) => wrap(`${name} { ${inner} }`) });
          leaves.push(`${name} { __typename }`);
        } else leaves.push(field.name);
      }
      yield wrap(leaves.join(' '));
      if (++given >= limit) return;
    }
    queue = next;
  }
}
