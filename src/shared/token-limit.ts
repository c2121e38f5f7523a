import type { GraphQLError, GraphQLFormattedError } from 'graphql';

/** The message of graphql-js: this error has no other mark. */
const TOO_MANY_TOKENS = /^Syntax Error: Document contains more that \d+ tokens\b/;

/** Returns the error of a document that was parsed with `maxTokens` and has more; `undefined` for other syntax errors. */
export function tokenLimitError(
  { message: text }: GraphQLError,
  maxTokens: number | undefined,
): GraphQLFormattedError | undefined {
  if (maxTokens === undefined || !TOO_MANY_TOKENS.test(text)) return undefined;
  const message = `The document has more than ${maxTokens} tokens, the limit of limits.parser_max_tokens.`;
  return { message, extensions: { code: 'MAX_TOKENS_LIMIT' } };
}
