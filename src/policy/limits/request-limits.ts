import { type DocumentNode, Kind } from 'graphql';
import type { Limits } from '../../config/sections/limits.ts';
import type { LimitRefusal, RequestLimits } from '../../pipeline/limits.ts';
import { type Measures, measureDocument } from './measure.ts';
import { deepestNesting, hasMoreLines } from './nesting.ts';
import { jsonBytes, measureJson } from './variables.ts';

/** Something that is larger than it may be. */
export interface Excess {
  readonly code: string;
  readonly message: string;
  readonly value: number;
  readonly allowed: number;
}

/** @param document what exceeds; `undefined`: the variables of a request do */
export type WarnOfExcess = (excesses: readonly Excess[], document: DocumentNode | undefined) => void;

/** What one key of `limits` bounds, in words that follow a number: `12 levels of fields`. */
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
  what: 'selections once its fragments are written out',
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
 * The section `limits` of the config at work. What would make the gateway itself stumble (recursion, expanded selections,
 * depth of variables) is refused always, the rest unless `warn_only` is set.
 * @param warn told of what `warn_only` lets pass; of a document once, as long as it is kept
 */
export function createRequestLimits(limits: Limits, warn: WarnOfExcess): RequestLimits {
  const exceeds = (bound: Bound, subject: string, value: number): Excess[] => {
    const allowed = limits[bound.limit];
    if (typeof allowed !== 'number' || value <= allowed) return [];
    const message = `${subject} ${value} ${bound.what}; limits.${bound.limit} allows ${allowed}.`;
    return [{ code: bound.code, message, value, allowed }];
  };
  const refuseUnlessWarning = (excesses: readonly Excess[], document?: DocumentNode): LimitRefusal | undefined => {
    if (excesses.length === 0 || !limits.warn_only) return refuse(excesses);
    warn(excesses, document);
    return undefined;
  };
  return {
    text(text) {
      if (hasMoreLines(text, MOST_LINES)) return tooManyLines();
      const nesting = deepestNesting(text, limits.parser_max_recursion + 1);
      return refuse(exceeds(RECURSION, 'The document has', nesting));
    },
    document(document) {
      const measured = measureDocument(document);
      if (measured.cycle) return circular(measured.cycle);
      const size = largest(measured.operations);
      const always = [
        ...exceeds(RECURSION, 'The operation has', size.levels),
        ...exceeds(SELECTIONS, 'The operation has', size.selections),
      ];
      if (always.length > 0) return refuse(always);
      const excesses = [
        ...exceeds(OPERATIONS, 'The document has', operationsIn(document)),
        ...exceeds(DEPTH, 'The operation has', size.depth),
        ...exceeds(HEIGHT, 'The operation has', size.height),
        ...exceeds(ALIASES, 'The operation has', size.aliases),
        ...exceeds(ROOT_FIELDS, 'The operation has', size.rootFields),
        ...exceeds(DIRECTIVES, 'The operation has', size.directives),
      ];
      return refuseUnlessWarning(excesses, document);
    },
    variables(variables, isBounded) {
      // the object that holds them is no level of theirs
      const { depth, bytesAtMost } = measureJson(variables, limits.max_variables_depth + 2);
      const levels = depth - 1;
      if (levels > limits.max_variables_depth) return refuse(exceeds(VARIABLES_DEPTH, 'The variables have', levels));
      if (isBounded || limits.max_variables_bytes === null || bytesAtMost <= limits.max_variables_bytes)
        return undefined;
      const bytes = jsonBytes(variables);
      return refuseUnlessWarning(exceeds(VARIABLES_BYTES, 'The variables have', bytes));
    },
  };
}

/** A document within `parser_max_tokens` does not need them, and each costs something in strings, comments and errors. */
const MOST_LINES = 100_000;

function tooManyLines(): LimitRefusal {
  const message = `The document has more than ${MOST_LINES} lines.`;
  return { refusal: 'limit', errors: [{ message, extensions: { code: 'MAX_TOKENS_LIMIT' } }] };
}

function operationsIn({ definitions }: DocumentNode): number {
  return definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION).length;
}

/** Each measure's largest value: a document is refused if one of its operations would be. */
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

function refuse(excesses: readonly Excess[]): LimitRefusal | undefined {
  if (excesses.length === 0) return undefined;
  const errors = excesses.map(({ code, message, value, allowed }) => ({
    message,
    extensions: { code, value, allowed },
  }));
  return { refusal: 'limit', errors };
}

/** Fragments of a circle that are named. */
const NAMES_TOLD = 10;

/** Told before the document is validated, as much of what is done then follows fragments. */
function circular(cycle: readonly string[]): LimitRefusal {
  const names = cycle.map((name) => `"${name}"`);
  const shown = names.length > NAMES_TOLD ? [...names.slice(0, NAMES_TOLD - 1), '…', names[0]] : names;
  const message = `The fragments ${shown.join(' → ')} spread each other in a circle.`;
  return { refusal: 'validation', errors: [{ message, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] };
}
