import type { ParameterError } from './coerce.ts';

const NO_PARAMETER = 'no parameter of this name';

/**
 * Removes names from an error that the client has not sent itself: other parameters, types, enum values and similar fields.
 * Missing parameters are still named, because clients could not fix the request otherwise.
 *
 * In:  `one of NEW, OLD (Order!)` · `no parameter of this name; did you mean "userId"?`
 * Out: `one of its values` · `no parameter of this name`
 */
export function withoutDetails(error: ParameterError): ParameterError {
  return { ...error, expected: withoutNames(error.expected) };
}

function withoutNames(expected: string): string {
  if (expected.startsWith(NO_PARAMETER) || NOT_HERE.test(expected)) return NO_PARAMETER;
  const found = IN_WORDS.exec(expected);
  if (found === null) return withoutSuggestion(expected);
  const [, words = '', type = '', about = ''] = found;
  const values = words.indexOf('one of ');
  const plain = values < 0 ? words : `${words.slice(0, values)}one of its values`;
  return `${plain}${BUILT_IN.test(type) ? ` (${type})` : ''}${withoutSuggestion(about)}`;
}

/** `no "x" in the query: it is read from the headers` */
const NOT_HERE = /^no ".*" in the (?:query|body): /s;
/** `an object as JSON (OrderInput!): …`: words, a type, and the message of graphql-js. */
const IN_WORDS = /^([^()]*) \(([[\]!\w]+)\)(.*)$/s;
const BUILT_IN = /^\[*(?:Int|Float|String|Boolean|ID)[!\]]*$/;

/** Removes suggestions, and the types that graphql-js names beside a field. */
function withoutSuggestion(message: string): string {
  const at = message.lastIndexOf(' Did you mean ');
  const rest = at < 0 ? message : message.slice(0, at);
  return rest
    .replace(/ is not defined by type "\w+"\.$/, ' is not defined.')
    .replace(/ of required type "[[\]!\w]+" was/, ' is required and was')
    .replace(/Expected type "[[\]!\w]+" to be/, 'Expected it to be');
}
