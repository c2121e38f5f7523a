/**
 * The text of `data`, which the result forgets: for whoever is the last to need it. What waited for a result, a promise or a
 * closure, has often grown old in the meantime, and V8 keeps what a dead old object points to until the next full collection,
 * copying it at each small one: most of what the collector had to do for large answers.
 */
export function takeDataText<T extends string | undefined>(result: { readonly dataText: T }): T {
  const { dataText } = result;
  if (dataText !== undefined) (result as { dataText: string }).dataText = '';
  return dataText;
}
