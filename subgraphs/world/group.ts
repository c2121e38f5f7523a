/** The values by key, each group in the order of the list. */
export function groupBy<K, T>(list: Iterable<T>, keyOf: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const value of list) addToGroup(groups, keyOf(value), value);
  return groups;
}

export function addToGroup<K, T>(groups: Map<K, T[]>, key: K, value: T): void {
  const group = groups.get(key);
  if (group) group.push(value);
  else groups.set(key, [value]);
}
