/** The environment as `process.env` has it. */
export type Env = Readonly<Record<string, string | undefined>>;

export type Expansion =
  | { readonly ok: true; readonly text: string }
  /** The name of the variable that is unset and has no default. */
  | { readonly ok: false; readonly variable: string };

const REFERENCE = /\$\{(?:env\.)?([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}/g;

/** Whether a text has a variable reference: `${NAME}`, `${NAME:-default}`, or Apollo Router's form `${env.NAME}`. */
export function hasReference(text: string): boolean {
  return text.search(REFERENCE) !== -1;
}

/** Returns the first `${…}` that is not a valid reference: `${PORT:4000}`. */
export function malformedReference(text: string): string | undefined {
  return text.replace(REFERENCE, '').match(/\$\{[^{}]*\}?/)?.[0];
}

/**
 * Replaces `${NAME}` and `${NAME:-default}` as a POSIX shell does: the default is used for a variable that is unset or empty.
 * `${NAME}` without a default fails if the variable is unset, and expands to nothing if it is empty.
 *
 * @example expand('http://${HOST:-localhost}:4001', {}) // { ok: true, text: 'http://localhost:4001' }
 */
export function expand(text: string, env: Env): Expansion {
  let missing: string | undefined;
  const expanded = text.replace(REFERENCE, (_, name: string, fallback: string | undefined) => {
    const value = env[name];
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
    if (value === undefined) missing ??= name;
    return value ?? '';
  });
  return missing === undefined ? { ok: true, text: expanded } : { ok: false, variable: missing };
}
