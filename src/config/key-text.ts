/** Formats a path of keys: `['trusted_proxies', 0]` → `trusted_proxies[0]`. */
export function keyText(path: readonly PropertyKey[]): string {
  return path
    .map((step, at) => (typeof step === 'number' ? `[${step}]` : at === 0 ? String(step) : `.${String(step)}`))
    .join('');
}
