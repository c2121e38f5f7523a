import { type DocumentNode, GraphQLError, parse } from 'graphql';
import type { RefusedDocument } from './documents.ts';
import { withCode } from './located-document.ts';

/**
 * Parses a document without token locations: errors that need them parse the text again.
 * Refuses with `GRAPHQL_PARSE_FAILED`, or with `MAX_TOKENS_LIMIT` beyond `maxTokens`.
 */
export function parseDocument(text: string, maxTokens: number | undefined): DocumentNode | RefusedDocument {
  try {
    return parse(text, { maxTokens, noLocation: true });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    if (maxTokens !== undefined && TOO_MANY_TOKENS.test(error.message)) return tooManyTokens(maxTokens);
    return { refusal: 'parse', errors: [withCode(error, 'GRAPHQL_PARSE_FAILED')] };
  }
}

/** The message of graphql-js: this error has no other mark. */
const TOO_MANY_TOKENS = /^Syntax Error: Document contains more that \d+ tokens\b/;

function tooManyTokens(limit: number): RefusedDocument {
  const message = `The document has more than ${limit} tokens, the limit of limits.parser_max_tokens.`;
  return { refusal: 'limit', errors: [{ message, extensions: { code: 'MAX_TOKENS_LIMIT' } }] };
}
