import { type DocumentNode, type GraphQLSchema, Kind, parse, validate } from 'graphql';
import type { Problem } from '../../config/problem.ts';
import type { Registered } from './manifests.ts';

/** What is wrong with each document of the manifests that does not fit a schema: clients that name it are refused. */
export function unfitDocuments(registered: readonly Registered[], schema: GraphQLSchema): Problem[] {
  return registered.flatMap(({ id, query, file }) => {
    const document = parse(query);
    return validate(schema, document).map(({ message, locations }) => {
      // a manifest has documents as texts of JSON, whose lines are not those of the file
      const { line, column } = locations?.[0] ?? { line: 1, column: 1 };
      const own = file.endsWith('.json') ? { line: 1, column: 1 } : { line, column };
      const within = file.endsWith('.json') ? ` at ${line}:${column}` : '';
      return { file, ...own, code: 'INVALID_DOCUMENT', message: `${documentName(id, document)}${within}: ${message}` };
    });
  });
}

/** A document as people know it: by the names of its operations, and by its id. */
export function documentName(id: string, { definitions }: DocumentNode): string {
  const names = definitions.flatMap((one) => (one.kind === Kind.OPERATION_DEFINITION ? (one.name?.value ?? []) : []));
  return names.length === 0 ? `"${id}"` : `${names.join(', ')} ("${id}")`;
}
