import { type DocumentNode, type GraphQLSchema, Kind, parse, validate } from 'graphql';
import type { Problem } from '../../config/problem.ts';
import { VALIDATION_RULES } from '../../operation/validation-rules.ts';
import { type DocumentLimits, limitErrors } from '../limits/document-limits.ts';
import type { ManifestDocument } from './manifests.ts';

/** Returns the problems of a manifest's documents because of which requests for them are refused: limits, and validation errors. */
export function invalidDocuments(
  registered: readonly ManifestDocument[],
  schema: GraphQLSchema,
  limits: DocumentLimits,
): Problem[] {
  return registered.flatMap((document) => {
    const excesses = limitProblems(document, limits);
    return excesses.length > 0 ? excesses : validationProblems(document, schema);
  });
}

function limitProblems({ id, query, file }: ManifestDocument, limits: DocumentLimits): Problem[] {
  return limitErrors(query, limits).map(({ message, extensions }) => {
    const hint = 'Divide the document into several ones, or raise the limit.';
    // the document may be too deep to be parsed for the names of its operations
    return { file, line: 1, column: 1, code: String(extensions?.code), message: `"${id}": ${message}`, hint };
  });
}

function validationProblems({ id, query, file }: ManifestDocument, schema: GraphQLSchema): Problem[] {
  const document = parse(query);
  return validate(schema, document, VALIDATION_RULES).map(({ message, locations }) => {
    // a JSON manifest has documents in strings, so the lines are not those of the file
    const { line, column } = locations?.[0] ?? { line: 1, column: 1 };
    const own = file.endsWith('.json') ? { line: 1, column: 1 } : { line, column };
    const within = file.endsWith('.json') ? ` at ${line}:${column}` : '';
    return { file, ...own, code: 'INVALID_DOCUMENT', message: `${documentName(id, document)}${within}: ${message}` };
  });
}

/** Names a document for people: by its operations and its id. */
export function documentName(id: string, { definitions }: DocumentNode): string {
  const names = definitions.flatMap((one) => (one.kind === Kind.OPERATION_DEFINITION ? (one.name?.value ?? []) : []));
  return names.length === 0 ? `"${id}"` : `${names.join(', ')} ("${id}")`;
}
