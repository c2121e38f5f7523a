/** The environment as `process.env` has it. */
export type Env = Readonly<Record<string, string | undefined>>;

export type Expansion =
  | { readonly ok: true; readonly text: string }
  /** `variable` is the name that is unset and has no default. */
  | { readonly ok: false; readonly variable: string };

const REFERENCE = /\$\{(?:env\.)?([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}/g;

/** Whether `text` refers to a variable at all: `${NAME}`, `${NAME:-default}`, or as Apollo Router has it, `${env.NAME}`. */
export function hasReference(text: string): boolean {
  return text.search(REFERENCE) !== -1;
}

/** The first `${…}` in `text` that is no such reference: `${PORT:4000}`. */
export function malformedReference(text: string): string | undefined {
  return text.replace(REFERENCE, '').match(/\$\{[^{}]*\}?/)?.[0];
}

/**
 * Replaces `${NAME}` and `${NAME:-default}` as a POSIX shell does: the default stands in for a variable that is unset
 * or empty. `${NAME}` without a default fails when the variable is unset; an empty one is taken as it is.
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
