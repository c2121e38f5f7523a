import type { LogFields, Logger } from './logger.ts';

/** A log that folds repeated errors of requests. */
export interface FoldingLogger extends Logger {
  /** Logs the repeats that no line has counted yet. To be called when the gateway stops. */
  flush(): void;
}

/** Fields that differ from request to request, although the error is the same. */
const OF_REQUEST: ReadonlySet<string> = new Set([
  'requestId',
  'traceId',
  'operation',
  'endpoint',
  'ip',
  'count',
  'cost',
]);

/** Errors can have texts of clients in them, so their number has a bound. Beyond it, errors with the same message are one. */
const MOST_ERRORS = 500;

const LONGEST_KEY = 500;

/**
 * Folds bursts of one error of requests: the first is logged at once, and further ones in an interval are one line at its end, with
 * their number in `repeated` and the fields of the last one. Errors are the same if they have the same message and fields, such as
 * `code`, `subgraph` and `reason`. Only warnings and errors with a `requestId` are folded.
 */
export function foldRepeats(logger: Logger, intervalMs: number): FoldingLogger {
  const folds = new Folds(intervalMs);
  return { ...foldInto(folds, logger), flush: () => folds.flush() };
}

function foldInto(folds: Folds, logger: Logger): Logger {
  const folded = (level: 'warn' | 'error') => (fields: LogFields, message: string) => {
    const write = (fields: LogFields) => logger[level](fields, message);
    if (fields.requestId === undefined || !logger.isEnabled(level)) write(fields);
    else folds.log(message, fields, write);
  };
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: folded('warn'),
    error: folded('error'),
    isEnabled: (level) => logger.isEnabled(level),
    child: (fields) => foldInto(folds, logger.child(fields)),
  };
}

type Write = (fields: LogFields) => void;

/** The repeats of one error since its last line. */
interface Fold {
  repeated: number;
  fields: LogFields;
  readonly write: Write;
  timer: NodeJS.Timeout | undefined;
}

class Folds {
  readonly #intervalMs: number;
  readonly #open = new Map<string, Fold>();

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  log(message: string, fields: LogFields, write: Write): void {
    const own = `${message} ${keyOf(fields)}`;
    const key = this.#open.size < MOST_ERRORS || this.#open.has(own) ? own : message;
    const fold = this.#open.get(key);
    if (fold) {
      fold.repeated += 1;
      fold.fields = fields;
      return;
    }
    write(fields);
    this.#wait(key, { repeated: 0, fields, write, timer: undefined });
  }

  flush(): void {
    for (const [key, fold] of this.#open) {
      clearTimeout(fold.timer);
      this.#open.delete(key);
      writeRepeats(fold);
    }
  }

  #wait(key: string, fold: Fold): void {
    this.#open.set(key, fold);
    fold.timer = setTimeout(() => this.#end(key, fold), this.#intervalMs).unref();
  }

  /** Ends an interval. The error has another one if it was repeated. */
  #end(key: string, fold: Fold): void {
    this.#open.delete(key);
    if (!writeRepeats(fold)) return;
    this.#wait(key, { ...fold, repeated: 0 });
  }
}

/** Returns whether there were any. */
function writeRepeats({ repeated, fields, write }: Fold): boolean {
  if (repeated > 0) write({ ...fields, repeated });
  return repeated > 0;
}

/** Returns a text that is equal for equal errors. */
function keyOf(fields: LogFields): string {
  const own = Object.entries(fields).filter(([name]) => !OF_REQUEST.has(name));
  return JSON.stringify(own, describeValue).slice(0, LONGEST_KEY);
}

/** Of GraphQL errors, code and subgraph count: their paths and texts differ from request to request. */
function describeValue(name: string, value: unknown): unknown {
  if (value instanceof Error) return `${value.name} ${value.message}`;
  if (name === 'extensions' && typeof value === 'object' && value !== null) {
    const { code, service } = value as { readonly code?: unknown; readonly service?: unknown };
    return [code, service];
  }
  return name === 'path' || name === 'message' || name === 'locations' ? undefined : value;
}
