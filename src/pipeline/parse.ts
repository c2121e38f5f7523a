import { type DocumentNode, GraphQLError, parse } from 'graphql';
import { tokenLimitError } from '../shared/token-limit.ts';
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
    const tooLong = tokenLimitError(error, maxTokens);
    if (tooLong) return { refusal: 'limit', errors: [tooLong] };
    return { refusal: 'parse', errors: [withCode(error, 'GRAPHQL_PARSE_FAILED')] };
  }
}
