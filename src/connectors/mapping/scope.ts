import type { Json } from './json.ts';

/** Values of `$args`, `$this` and so on, by name with the dollar sign. */
export type Variables = Readonly<Record<string, Json>>;

export interface Scope {
  readonly variables: Variables;
  /** `$`: what the nearest `{ … }` is applied to; at the top, the whole answer. */
  readonly dollar: Json;
  /**
   * Whether named fields that are missing become null. So it is in answers, where one must see that a connector gives the
   * field; in what is sent, missing fields are left out.
   */
  readonly missingAsNull: boolean;
}
