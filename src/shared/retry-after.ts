/** Returns the seconds in an `extensions.retryAfter`, which sources write as a number or like the header. */
export function waitSeconds(value: unknown): number | undefined {
  if (typeof value === 'number') return value > 0 ? value : undefined;
  const seconds = typeof value === 'string' ? (retryAfterSeconds(value) ?? Number(value)) : 0;
  return seconds > 0 ? seconds : undefined;
}

/**
 * Returns the seconds that a `Retry-After` asks to wait, which may be a number or a date; `undefined` where it is neither.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function retryAfterSeconds(value: string, now = Date.now()): number | undefined {
  const said = value.trim();
  if (/^[0-9]{1,9}$/.test(said)) return Number(said);
  const until = Date.parse(said);
  return Number.isNaN(until) || !/[a-z]/i.test(said) ? undefined : Math.max(0, Math.ceil((until - now) / 1_000));
}
