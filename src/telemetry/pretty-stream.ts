/** The output of a log. */
export interface LogStream {
  write(line: string): void;
}

/** Formats JSON log lines for a terminal: `12:00:00.000 warn  message  requestId=… status=500`, with the stack of an error below. */
export function prettyStream(target: LogStream): LogStream {
  return {
    write(line) {
      target.write(`${prettyLine(line)}\n`);
    },
  };
}

function prettyLine(line: string): string {
  const { level, time, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const clock = String(time).slice(11, 23);
  const facts = Object.entries(fields).map(([name, value]) => `${name}=${show(value)}`);
  const head = [clock, String(level).padEnd(5), String(msg), ...facts].join(' ');
  return err === undefined ? head : `${head}\n${indent(stackOf(err))}`;
}

function show(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

function stackOf(error: unknown): string {
  const { stack, message } = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  return String(stack ?? message ?? JSON.stringify(error));
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ');
}
