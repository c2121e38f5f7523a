import { type DocumentNode, GraphQLError, parse } from 'graphql';
import type { RefusedDocument } from './documents.ts';
import { withCode } from './located-document.ts';

/**
 * Parses a document, without the places of its tokens: errors that need them read the text again.
 * Refused with `GRAPHQL_PARSE_FAILED`, or `MAX_TOKENS_LIMIT` beyond `maxTokens`.
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

/** How graphql-js words it: this error has no other mark. */
const TOO_MANY_TOKENS = /^Syntax Error: Document contains more that \d+ tokens\b/;

function tooManyTokens(limit: number): RefusedDocument {
  const message = `The document has more than ${limit} tokens, which is all that limits.parser_max_tokens allows.`;
  return { refusal: 'limit', errors: [{ message, extensions: { code: 'MAX_TOKENS_LIMIT' } }] };
}
