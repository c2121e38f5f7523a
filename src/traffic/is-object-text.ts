/** Returns whether a text may be a JSON object. Looks only at its first and last character. */
export function isObjectText(text: string): boolean {
  let first = 0;
  while (text.charCodeAt(first) <= SPACE) first++;
  let last = text.length - 1;
  while (text.charCodeAt(last) <= SPACE) last--;
  return text[first] === '{' && text[last] === '}';
}

const SPACE = 32;
