/**
 * Renamed keys: old path → new path, from the root of `headgate.yaml`. An old key still works, for a value or a whole section, and
 * causes a warning. Paths go through sections only, not through lists or names that users choose.
 */
export const RENAMED_KEYS: ReadonlyMap<string, string> = new Map([
  ['supergraph.query_planning.warm_up_at_start', 'supergraph.query_planning.warm_up_on_start'],
  ['traffic_shaping.router.max_answers_in_memory', 'traffic_shaping.router.max_response_characters'],
  ['traffic_shaping.router.max_buffered_bytes', 'traffic_shaping.router.max_response_characters'],
  ['override_labels.percent_by', 'override_labels.percent_header'],
  ['telemetry.access_log.client_name_headers', 'telemetry.client_awareness.name_headers'],
  ['telemetry.access_log.client_version_headers', 'telemetry.client_awareness.version_headers'],
]);

/** The old and the new path of a renamed key. */
export interface KeyRename {
  readonly from: readonly string[];
  readonly to: readonly string[];
}

/** A config in which every key has its new name. */
export interface RenamedConfig {
  readonly value: unknown;
  /** The old keys that were found. */
  readonly renamed: readonly KeyRename[];
  /** Old keys whose new key is set, too. They are not in `value`. */
  readonly conflicts: readonly KeyRename[];
}

type Section = Readonly<Record<string, unknown>>;

/** Returns the config with its old keys renamed. The input is not changed. */
export function renameKeys(config: unknown, renames: ReadonlyMap<string, string> = RENAMED_KEYS): RenamedConfig {
  const renamed: KeyRename[] = [];
  const conflicts: KeyRename[] = [];
  let value = config;
  for (const rename of parsed(renames)) {
    const old = valueAt(value, rename.from);
    if (old === undefined) continue;
    const isTaken = valueAt(value, rename.to) !== undefined;
    value = withValue(value, rename.from, undefined);
    if (!isTaken) value = withValue(value, rename.to, old);
    (isTaken ? conflicts : renamed).push(rename);
  }
  return { value, renamed, conflicts };
}

/**
 * Returns the path at which a value is written: under its old key if the file has only that one.
 * @param has whether the file has something at a path
 */
export function writtenPath(
  path: readonly PropertyKey[],
  has: (path: readonly PropertyKey[]) => boolean,
  renames: ReadonlyMap<string, string> = RENAMED_KEYS,
): readonly PropertyKey[] {
  for (const { from, to } of parsed(renames)) {
    if (to.every((step, at) => path[at] === step) && !has(to) && has(from)) return [...from, ...path.slice(to.length)];
  }
  return path;
}

/** Says that both names of a key are set: `"a.old" and "a.new" are the old and the new name of one key.` */
export function conflictMessage({ from, to }: KeyRename): string {
  return `"${from.join('.')}" and "${to.join('.')}" are the old and the new name of one key.`;
}

function* parsed(renames: ReadonlyMap<string, string>): Iterable<KeyRename> {
  for (const [from, to] of renames) yield { from: from.split('.'), to: to.split('.') };
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const step of path) at = isSection(at) && Object.hasOwn(at, step) ? at[step] : undefined;
  return at;
}

/** Copies the sections on the path, since one object may be used in two places (`&name`, `*name`). */
function withValue(value: unknown, [step, ...rest]: readonly string[], inner: unknown): unknown {
  if (step === undefined) return inner;
  const { [step]: before, ...others } = isSection(value) ? value : {};
  const after = withValue(before, rest, inner);
  return after === undefined ? others : { ...others, [step]: after };
}

function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
