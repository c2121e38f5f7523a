/** Exports of the generated module that do not depend on endpoints. */
export const RUNTIME_NAMES = [
  'AnswerMeta',
  'AnswerSoFar',
  'CallOptions',
  'FetchedAnswer',
  'KeyedOptions',
  'PartialFailure',
  'Problem',
  'ProblemEntry',
  'ProblemError',
  'ReceivedEvent',
  'Result',
];

/** Names of the language and its library, which the module must not declare. */
const LANGUAGE_NAMES =
  'arguments await break case catch class const continue debugger default delete do else enum eval export extends false ' +
  'finally for function if implements import in instanceof interface let new null package private protected public return ' +
  'static super switch this throw true try typeof var void while with yield undefined NaN Infinity globalThis ' +
  'any bigint boolean never number object string symbol unknown ' +
  'encodeURIComponent Array AsyncGenerator AbortSignal Error JSON Object Partial Promise Readonly ReadonlyArray Record ' +
  'RegExp Set String TypeError Uint8Array';

/** Names that no type and no function of an endpoint may have. */
export const RESERVED_NAMES: readonly string[] = [...RUNTIME_NAMES, ...LANGUAGE_NAMES.split(' ')];

/** Members of `CallOptions`, which share an object with the parameters. */
const OPTION_NAMES = ['baseUrl', 'headers', 'signal', 'idempotencyKey', 'credentials', 'fetch'];

/** Names that no parameter may have: those of options, and those of every object. */
export const MEMBER_NAMES: readonly string[] = [...OPTION_NAMES, ...Object.getOwnPropertyNames(Object.prototype)];
