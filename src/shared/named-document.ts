/**
 * Returns the text of an operation with a name.
 *
 * In:  `{topProducts{upc}}`, `Shop__products__1`
 * Out: `query Shop__products__1{topProducts{upc}}`
 * @param text an operation without a name, and nothing else
 */
export function namedDocument(text: string, name: string | undefined): string {
  if (name === undefined) return text;
  if (text.startsWith('{')) return `query ${name}${text}`;
  return text.replace(/^[a-z]+/, (keyword) => `${keyword} ${name}`);
}
