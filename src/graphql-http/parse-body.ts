import { excessOfJson, MOST_MEMBERS } from '../policy/limits/json-text.ts';
import { parseJson } from '../shared/exact-json.ts';
import { GatewayError } from '../shared/gateway-error.ts';

/** Limits nesting, because deeply nested lists take longer to parse than any other body of the same size. */
const MAX_NESTING = 100_000;

function checkSize(text: string, whole: string): void {
  const excess = excessOfJson(text, MAX_NESTING);
  if (excess === undefined) return;
  const [code, what] =
    excess === 'levels'
      ? ['MAX_VARIABLES_DEPTH_LIMIT', `more than ${MAX_NESTING} levels of lists and objects`]
      : ['BAD_USER_INPUT', `an object with more than ${MOST_MEMBERS} members`];
  throw new GatewayError(400, code, `The ${whole} has ${what}.`);
}

/** Parses the body of a POST. Throws `GatewayError` (400). */
export function parseBody(text: string): unknown {
  if (text === '') {
    const message = 'The request body is empty; expected JSON like {"query": "{ __typename }"}.';
    throw new GatewayError(400, 'BAD_REQUEST', message);
  }
  return parseBoundedJson(text, 'request body');
}

/**
 * Parses JSON of a client. Throws `GatewayError` (400).
 * @param what for messages: `request body`
 */
export function parseBoundedJson(text: string, what: string): unknown {
  checkSize(text, what);
  try {
    return parseJson(text);
  } catch (error) {
    throw new GatewayError(400, 'BAD_REQUEST', `The ${what} is not valid JSON: ${(error as Error).message}`);
  }
}
