import {
  type DocumentNode,
  type GraphQLFormattedError,
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
  OverlappingFieldsCanBeMergedRule,
  specifiedRules,
  validate,
} from 'graphql';
import { overlappingFieldsRule } from '../operation/overlapping-fields.ts';
import { isPlainlyValid } from '../operation/plainly-valid.ts';
import { noPrototypeVariableRule } from '../operation/prototype-variable.ts';
import { LocatedDocument } from './located-document.ts';

/** Errors reported for one document. */
const MOST_ERRORS = 100;
/** Of these, the first may suggest names that were meant. */
const ERRORS_WITH_SUGGESTIONS = 5;
/** In characters. */
const LONGEST_WITH_SUGGESTIONS = 100_000;

/** Those of the specification; the one that compares fields pair by pair is done in time linear in the document. */
const RULES = [
  ...specifiedRules.map((rule) => (rule === OverlappingFieldsCanBeMergedRule ? overlappingFieldsRule : rule)),
  noPrototypeVariableRule,
];

export interface ValidationOptions {
  readonly introspection: boolean;
  /** Errors do not suggest names that the schema has. */
  readonly hideSuggestions: boolean;
}

/**
 * Returns the mistakes in a document, with `GRAPHQL_VALIDATION_FAILED` and their places in the text.
 * @see https://spec.graphql.org/October2021/#sec-Validation
 */
export function validateDocument(
  schema: GraphQLSchema,
  document: DocumentNode,
  text: string,
  options: ValidationOptions,
): readonly GraphQLFormattedError[] {
  // the quick walk knows most valid documents for what they are in a tenth of the time
  return isPlainlyValid(schema, document) ? NO_ERRORS : findErrors(schema, text, options);
}

const NO_ERRORS: readonly GraphQLFormattedError[] = [];

function findErrors(
  schema: GraphQLSchema,
  text: string,
  { introspection, hideSuggestions }: ValidationOptions,
): GraphQLFormattedError[] {
  const located = new LocatedDocument(text);
  const rules = introspection ? RULES : [...RULES, NoSchemaIntrospectionCustomRule];
  const find = (maxErrors: number, hidden: boolean) =>
    validate(schema, located.document, rules, { maxErrors, hideSuggestions: hidden });
  // to compare names with all of a large type costs more than all else: it is done for a few errors of a usual document
  const suggests = !hideSuggestions && text.length <= LONGEST_WITH_SUGGESTIONS;
  const first = suggests ? find(ERRORS_WITH_SUGGESTIONS, false) : [];
  const isAll = suggests && first.length <= ERRORS_WITH_SUGGESTIONS;
  const rest = isAll ? [] : find(MOST_ERRORS, true);
  const errors = isAll
    ? first
    : [...first.slice(0, ERRORS_WITH_SUGGESTIONS), ...rest.slice(suggests ? ERRORS_WITH_SUGGESTIONS : 0)];
  return errors.map((error) => located.format(error, 'GRAPHQL_VALIDATION_FAILED'));
}
