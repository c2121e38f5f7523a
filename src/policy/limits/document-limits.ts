import { GraphQLError, type GraphQLFormattedError, parse } from 'graphql';
import type { Limits } from '../../config/sections/limits.ts';
import type { RequestLimits } from '../../pipeline/limits.ts';
import { tokenLimitError } from '../../shared/token-limit.ts';
import { createRequestLimits } from './request-limits.ts';

/** The limits on documents that are known before they are requested: those of endpoints and persisted documents. */
export interface DocumentLimits extends Pick<RequestLimits, 'text' | 'document'> {
  readonly maxTokens?: number | undefined;
}

/** Returns the limits of the config section `limits`. What is only a warning is logged when the document is requested. */
export function documentLimits(limits: Limits): DocumentLimits {
  const { text, document } = createRequestLimits(limits, () => {});
  return { text, document, maxTokens: limits.parser_max_tokens };
}

/** Returns the errors with which every request for a document is refused because of its limits. */
export function limitErrors(
  query: string,
  { text, document, maxTokens }: DocumentLimits,
): readonly GraphQLFormattedError[] {
  const excessive = text(query);
  if (excessive) return excessive.errors;
  try {
    return document(parse(query, { maxTokens, noLocation: true }))?.errors ?? [];
  } catch (error) {
    const tooLong = error instanceof GraphQLError ? tokenLimitError(error, maxTokens) : undefined;
    if (tooLong) return [tooLong];
    throw error;
  }
}
