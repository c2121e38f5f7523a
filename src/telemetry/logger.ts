import { destination, type Logger as PinoLogger, pino } from 'pino';
import { type LogStream, prettyStream } from './pretty-stream.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** Facts beside the message. An `Error` goes under `err`, a request's id under `requestId`. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What the gateway writes its log with; `fields` first, so that messages stay constant and can be searched for. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** Whether a line of that level would be written: for lines whose fields cost something to gather. */
  isEnabled(level: LogLevel): boolean;
  /** A logger that puts `fields` into each of its lines. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `auto`: for people where standard output is a terminal, JSON lines elsewhere. */
  readonly format?: 'auto' | 'json' | 'pretty';
  /** Where the lines go; standard output by default. */
  readonly stream?: LogStream;
}

/** A log of JSON lines: `{"level":"info","time":"2026-01-31T12:00:00.000Z","requestId":"…","msg":"…"}`. */
export function createLogger(options: LoggerOptions): Logger {
  const format = options.format ?? 'auto';
  const pretty = format === 'pretty' || (format === 'auto' && process.stdout.isTTY === true);
  const stream = options.stream ?? destination(1);
  const settings = {
    level: options.level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return wrap(pino(settings, pretty ? prettyStream(stream) : stream));
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
