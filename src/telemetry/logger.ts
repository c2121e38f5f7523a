import { destination, type Logger as PinoLogger, pino } from 'pino';
import { type LogStream, prettyStream } from './pretty-stream.ts';
import { serializeError } from './serialize-error.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** Structured data of a line. An `Error` goes under `err`, a request's id under `requestId`. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The log of the gateway. `fields` come first, so that messages stay constant and searchable. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /**
   * Logs a line whose fields are JSON text already, each after a comma: `,"requestId":"…","status":200`. A log may lack it; its lines have
   * their fields as an object then.
   */
  writeMembers?(level: LogLevel, members: string, message: string): void;
  /** Whether a line of that level would be written; for lines with expensive fields. */
  isEnabled(level: LogLevel): boolean;
  /** Returns a logger that adds `fields` to each of its lines. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `auto`: pretty on a terminal, JSON lines elsewhere. */
  readonly format?: 'auto' | 'json' | 'pretty';
  /** Default: standard output. */
  readonly stream?: LogStream;
  /**
   * Whether JSON lines are written together: when there are 15 KiB of them, after a tenth of a second, and at the exit of the process.
   * A write for each line costs more than the line. A process that is killed loses those that it has not written.
   */
  readonly isBuffered?: boolean;
}

/** Creates a log of JSON lines: `{"level":"info","time":"2026-01-31T12:00:00.000Z","requestId":"…","msg":"…"}`. */
export function createLogger(options: LoggerOptions): Logger {
  const format = options.format ?? 'auto';
  const pretty = format === 'pretty' || (format === 'auto' && process.stdout.isTTY === true);
  const stream = options.stream ?? (options.isBuffered && !pretty ? bufferedOutput() : destination(1));
  const settings = {
    level: options.level,
    base: null,
    timestamp: () => `,"time":"${now()}"`,
    serializers: { err: serializeError },
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const output = pretty ? prettyStream(stream) : stream;
  const log = wrap(pino(settings, output));
  return {
    ...log,
    writeMembers(level, members, message) {
      if (!log.isEnabled(level)) return;
      output.write(`{"level":"${level}","time":"${now()}"${members},"msg":${JSON.stringify(message)}}\n`);
    },
  };
}

/** Returns a function that returns the current time in UTC: `2026-01-31T12:00:00.000Z`. It formats each second only once. */
function clock(): () => string {
  let second = Number.NaN;
  let prefix = '';
  return () => {
    const ms = Date.now();
    const part = ms % 1_000;
    if (ms - part !== second) {
      second = ms - part;
      prefix = new Date(second).toISOString().slice(0, -4);
    }
    return `${prefix}${part < 10 ? '00' : part < 100 ? '0' : ''}${part}Z`;
  };
}

const now = clock();

const MOST_BUFFERED = 15_360;
const LONGEST_WAIT_MS = 100;

/** Returns an output that collects lines as one text: to measure and write each alone would cost more than to make it. */
function bufferedOutput(): LogStream {
  const output = destination({ dest: 1, sync: true });
  let buffered = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const lines = buffered;
    buffered = '';
    if (lines !== '') output.write(lines);
  };
  process.once('exit', () => {
    flush();
    output.flushSync();
  });
  return {
    write(line) {
      buffered += line;
      if (buffered.length >= MOST_BUFFERED) flush();
      else timer ??= setTimeout(flush, LONGEST_WAIT_MS).unref();
    },
  };
}

function wrap(log: PinoLogger): Logger {
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
    isEnabled: (level) => log.isLevelEnabled(level),
    child: (fields) => wrap(log.child(fields)),
  };
}
