import { type DocumentNode, Kind } from 'graphql';
import type { Limits } from '../../config/sections/limits.ts';
import type { LimitRefusal, RequestLimits } from '../../pipeline/limits.ts';
import { type Measures, measureDocument } from './measure.ts';
import { deepestNesting, hasMoreLines } from './nesting.ts';
import { jsonBytes, measureJson } from './variables.ts';

/** A limit that is exceeded. */
export interface Excess {
  readonly code: string;
  readonly message: string;
  readonly value: number;
  readonly allowed: number;
}

/** @param document the document that exceeds limits; `undefined` for the variables of a request */
export type WarnOfExcess = (excesses: readonly Excess[], document: DocumentNode | undefined) => void;

/** The limit of one key of `limits`; `what` follows a number in messages: `12 levels of fields`. */
interface Bound {
  readonly limit: keyof Limits;
  readonly code: string;
  readonly what: string;
}

const DEPTH: Bound = { limit: 'max_depth', code: 'MAX_DEPTH_LIMIT', what: 'levels of fields' };
const HEIGHT: Bound = { limit: 'max_height', code: 'MAX_HEIGHT_LIMIT', what: 'fields' };
const ALIASES: Bound = { limit: 'max_aliases', code: 'MAX_ALIASES_LIMIT', what: 'aliases' };
const ROOT_FIELDS: Bound = { limit: 'max_root_fields', code: 'MAX_ROOT_FIELDS_LIMIT', what: 'root fields' };
const DIRECTIVES: Bound = { limit: 'max_directives', code: 'MAX_DIRECTIVES_LIMIT', what: 'directives' };
const OPERATIONS: Bound = { limit: 'max_operations', code: 'MAX_OPERATIONS_LIMIT', what: 'operations' };
const RECURSION: Bound = {
  limit: 'parser_max_recursion',
  code: 'MAX_RECURSION_LIMIT',
  what: 'or more levels of brackets or selections',
};
const SELECTIONS: Bound = {
  limit: 'max_recursive_selections',
  code: 'MAX_RECURSIVE_SELECTIONS_LIMIT',
  what: 'selections once its fragments are expanded',
};
const VARIABLES_DEPTH: Bound = {
  limit: 'max_variables_depth',
  code: 'MAX_VARIABLES_DEPTH_LIMIT',
  what: 'or more levels of lists and objects',
};
const VARIABLES_BYTES: Bound = {
  limit: 'max_variables_bytes',
  code: 'MAX_VARIABLES_BYTES_LIMIT',
  what: 'bytes as JSON text',
};

/**
 * Creates the checks of the config section `limits`. Limits that protect the gateway itself (recursion, expanded selections,
 * depth of variables) are always enforced; the others are not with `warn_only`.
 * @param warn called with what `warn_only` allows; once per document, as long as the document is cached
 */
export function createRequestLimits(limits: Limits, warn: WarnOfExcess): RequestLimits {
  const exceeds = (bound: Bound, subject: string, value: number): Excess[] => {
    const allowed = limits[bound.limit];
    if (typeof allowed !== 'number' || value <= allowed) return [];
    const message = `${subject} ${value} ${bound.what}; limits.${bound.limit} allows ${allowed}.`;
    return [{ code: bound.code, message, value, allowed }];
  };
  const rejectUnlessWarning = (excesses: readonly Excess[], document?: DocumentNode): LimitRefusal | undefined => {
    if (excesses.length === 0 || !limits.warn_only) return reject(excesses);
    warn(excesses, document);
    return undefined;
  };
  return {
    text(text) {
      if (hasMoreLines(text, MOST_LINES)) return tooManyLines();
      const nesting = deepestNesting(text, limits.parser_max_recursion + 1);
      return reject(exceeds(RECURSION, 'The document has', nesting));
    },
    document(document) {
      const measured = measureDocument(document);
      if (measured.cycle) return circular(measured.cycle);
      const size = largest(measured.operations);
      const always = [
        ...exceeds(RECURSION, 'The operation has', size.levels),
        ...exceeds(SELECTIONS, 'The operation has', size.selections),
      ];
      if (always.length > 0) return reject(always);
      const excesses = [
        ...exceeds(OPERATIONS, 'The document has', operationsIn(document)),
        ...exceeds(DEPTH, 'The operation has', size.depth),
        ...exceeds(HEIGHT, 'The operation has', size.height),
        ...exceeds(ALIASES, 'The operation has', size.aliases),
        ...exceeds(ROOT_FIELDS, 'The operation has', size.rootFields),
        ...exceeds(DIRECTIVES, 'The operation has', size.directives),
      ];
      return rejectUnlessWarning(excesses, document);
    },
    variables(variables, isBounded) {
      // the variables object itself is not counted as a level
      const { depth, bytesAtMost } = measureJson(variables, limits.max_variables_depth + 2);
      const levels = depth - 1;
      if (levels > limits.max_variables_depth) return reject(exceeds(VARIABLES_DEPTH, 'The variables have', levels));
      if (isBounded || limits.max_variables_bytes === null || bytesAtMost <= limits.max_variables_bytes)
        return undefined;
      const bytes = jsonBytes(variables);
      return rejectUnlessWarning(exceeds(VARIABLES_BYTES, 'The variables have', bytes));
    },
  };
}

/** A document within `parser_max_tokens` needs fewer, and each line costs time in strings, comments and errors. */
const MOST_LINES = 100_000;

function tooManyLines(): LimitRefusal {
  const message = `The document has more than ${MOST_LINES} lines.`;
  return { refusal: 'limit', errors: [{ message, extensions: { code: 'MAX_TOKENS_LIMIT' } }] };
}

function operationsIn({ definitions }: DocumentNode): number {
  return definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION).length;
}

/** Returns each measure's largest value: one operation over a limit is enough to reject the document. */
function largest(operations: readonly Measures[]): Measures {
  const most = (measure: keyof Measures) => operations.reduce((all, operation) => Math.max(all, operation[measure]), 0);
  return {
    depth: most('depth'),
    height: most('height'),
    aliases: most('aliases'),
    rootFields: most('rootFields'),
    directives: most('directives'),
    selections: most('selections'),
    levels: most('levels'),
  };
}

function reject(excesses: readonly Excess[]): LimitRefusal | undefined {
  if (excesses.length === 0) return undefined;
  const errors = excesses.map(({ code, message, value, allowed }) => ({
    message,
    extensions: { code, value, allowed },
  }));
  return { refusal: 'limit', errors };
}

/** Number of fragments of a cycle that the message names. */
const MOST_NAMES = 10;

/** Returns the error for a cycle. Validation runs later, and the checks before it follow fragments, too. */
function circular(cycle: readonly string[]): LimitRefusal {
  const names = cycle.map((name) => `"${name}"`);
  const shown = names.length > MOST_NAMES ? [...names.slice(0, MOST_NAMES - 1), '…', names[0]] : names;
  const message = `The fragments ${shown.join(' → ')} form a cycle.`;
  return { refusal: 'validation', errors: [{ message, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] };
}
