import { type DocumentNode, type GraphQLSchema, Kind, parse, validate } from 'graphql';
import type { Problem } from '../../config/problem.ts';
import { DOCUMENT_RULES } from '../../operation/document-rules.ts';
import type { ManifestDocument } from './manifests.ts';

/** Returns the validation errors of a manifest's documents. Requests for these documents would fail. */
export function invalidDocuments(registered: readonly ManifestDocument[], schema: GraphQLSchema): Problem[] {
  return registered.flatMap(({ id, query, file }) => {
    const document = parse(query);
    return validate(schema, document, DOCUMENT_RULES).map(({ message, locations }) => {
      // a JSON manifest has documents in strings, so the lines are not those of the file
      const { line, column } = locations?.[0] ?? { line: 1, column: 1 };
      const own = file.endsWith('.json') ? { line: 1, column: 1 } : { line, column };
      const within = file.endsWith('.json') ? ` at ${line}:${column}` : '';
      return { file, ...own, code: 'INVALID_DOCUMENT', message: `${documentName(id, document)}${within}: ${message}` };
    });
  });
}

/** Names a document for people: by its operations and its id. */
export function documentName(id: string, { definitions }: DocumentNode): string {
  const names = definitions.flatMap((one) => (one.kind === Kind.OPERATION_DEFINITION ? (one.name?.value ?? []) : []));
  return names.length === 0 ? `"${id}"` : `${names.join(', ')} ("${id}")`;
}
