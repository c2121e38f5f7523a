import {
  type DocumentNode,
  type GraphQLFormattedError,
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
  validate,
} from 'graphql';
import { DOCUMENT_RULES } from '../operation/document-rules.ts';
import { isPlainlyValid } from '../operation/plainly-valid.ts';
import { LocatedDocument } from './located-document.ts';

/** The most errors that are reported for one document. */
const MAX_ERRORS = 100;
/** So many of the first errors may suggest names. */
const ERRORS_WITH_SUGGESTIONS = 5;
/** The longest document, in characters, whose errors suggest names. */
const MAX_LENGTH_WITH_SUGGESTIONS = 100_000;

export interface ValidationOptions {
  readonly introspection: boolean;
  /** Whether errors leave out suggestions of schema names. */
  readonly hideSuggestions: boolean;
}

/**
 * Returns the validation errors of a document, with `GRAPHQL_VALIDATION_FAILED` and their locations in the text.
 * @see https://spec.graphql.org/October2021/#sec-Validation
 */
export function validateDocument(
  schema: GraphQLSchema,
  document: DocumentNode,
  text: string,
  options: ValidationOptions,
): readonly GraphQLFormattedError[] {
  // the quick check recognizes most valid documents in a tenth of the time
  return isPlainlyValid(schema, document) ? NO_ERRORS : findErrors(schema, text, options);
}

const NO_ERRORS: readonly GraphQLFormattedError[] = [];

function findErrors(
  schema: GraphQLSchema,
  text: string,
  { introspection, hideSuggestions }: ValidationOptions,
): GraphQLFormattedError[] {
  const located = new LocatedDocument(text);
  const rules = introspection ? DOCUMENT_RULES : [...DOCUMENT_RULES, NoSchemaIntrospectionCustomRule];
  const find = (maxErrors: number, hidden: boolean) =>
    validate(schema, located.document, rules, { maxErrors, hideSuggestions: hidden });
  // comparing names with those of a large type is the most expensive part: only a few errors of a document of usual size get it
  const suggests = !hideSuggestions && text.length <= MAX_LENGTH_WITH_SUGGESTIONS;
  const first = suggests ? find(ERRORS_WITH_SUGGESTIONS, false) : [];
  const isAll = suggests && first.length <= ERRORS_WITH_SUGGESTIONS;
  const rest = isAll ? [] : find(MAX_ERRORS, true);
  const errors = isAll
    ? first
    : [...first.slice(0, ERRORS_WITH_SUGGESTIONS), ...rest.slice(suggests ? ERRORS_WITH_SUGGESTIONS : 0)];
  return errors.map((error) => located.format(error, 'GRAPHQL_VALIDATION_FAILED'));
}
