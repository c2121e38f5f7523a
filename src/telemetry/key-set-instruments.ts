import type { Metrics } from './metrics.ts';

/** The state of a key set at a URL. */
export interface KeySetState {
  /** The URL without credentials and query. */
  readonly label: string;
  /** Whether the last fetch succeeded, or none has failed yet. */
  readonly isUp: boolean;
  /** Whether tokens can be checked with it: it has been fetched, and is not too old. */
  readonly isUsable: boolean;
}

/** Starts to measure the key sets at URLs. Of several with the same label, the worst counts. */
export function watchKeySets(metrics: Metrics, read: () => readonly KeySetState[]): void {
  const labels = ['key_set'];
  const gauge = (name: string, help: string, isGood: (state: KeySetState) => boolean) =>
    metrics.gauges({ name, help, labels, together: 'min' }, () => {
      const values = new Map<string, number>();
      for (const state of read())
        values.set(state.label, Math.min(values.get(state.label) ?? 1, isGood(state) ? 1 : 0));
      return [...values].map(([label, value]) => [value, label] as const);
    });
  gauge(
    'headgate_key_set_up',
    'Whether the last fetch of a key set at a URL succeeded (authentication.router.jwt.jwks); 0: the keys of the last good fetch are used until max_age',
    ({ isUp }) => isUp,
  );
  gauge(
    'headgate_key_set_usable',
    'Whether tokens can be checked with a key set at a URL; 0: it was never fetched, or is older than max_age, and tokens get 503',
    ({ isUsable }) => isUsable,
  );
}
