/** Keeps a value for each key, created with its first use. The keys must be few. */
export function memo<Key, Kept>(open: (key: Key) => Kept): (key: Key) => Kept {
  const kept = new Map<Key, Kept>();
  return (key) => {
    let found = kept.get(key);
    if (found === undefined) {
      found = open(key);
      kept.set(key, found);
    }
    return found;
  };
}
