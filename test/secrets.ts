import { randomBytes } from 'node:crypto';

/**
 * Values that must never leave the gateway: in no log, metric, span, report or error. A test creates them, uses them in a config or a
 * request, and searches everything that the gateway puts out.
 */
export class Secrets {
  readonly #values = new Map<string, string>();

  /** Creates a value. It is a valid token, password, part of a URL, and name. */
  create(name: string): string {
    const value = `${randomBytes(20).toString('hex')}`;
    return this.add(name, value);
  }

  /** Adds a value, such as a signed token. */
  add(name: string, value: string): string {
    this.#values.set(name, value);
    return value;
  }

  /** Returns the names of the values in a text, in any of the forms in which they are sent; `except` may be in it. */
  leaksIn(text: string, except: readonly string[] = []): string[] {
    return [...this.#values].flatMap(([name, value]) =>
      !except.includes(name) && formsOf(value).some((form) => text.includes(form)) ? name : [],
    );
  }
}

/** The shortest part of a value that counts: an error may quote the first characters only. */
const SHORTEST = 10;

function formsOf(value: string): string[] {
  const forms = [value, encodeURIComponent(value), Buffer.from(value).toString('hex')];
  // in base64, what is around a value decides about its first and last characters
  const inBase64 = [0, 1, 2].map((before) =>
    Buffer.from('x'.repeat(before) + value)
      .toString('base64')
      .slice(before === 0 ? 0 : 4, 24),
  );
  return [...forms, ...inBase64, value.slice(0, SHORTEST), value.slice(-SHORTEST)];
}
