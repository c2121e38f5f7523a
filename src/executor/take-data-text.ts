/**
 * Returns the text of `data` and removes it from the result; for the last reader. What waited for a result, a promise
 * or a closure, has often become an old object meanwhile. V8 keeps what a dead old object points to until the next
 * full collection, copying it at each minor one: that was most of the garbage collector's work for large responses.
 */
export function takeDataText<T extends string | undefined>(result: { readonly dataText: T }): T {
  const { dataText } = result;
  if (dataText !== undefined) (result as { dataText: string }).dataText = '';
  return dataText;
}
