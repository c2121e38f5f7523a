const NAME = /^[_A-Za-z][_0-9A-Za-z]*$/;

/** Names that are reserved in GraphQL or used by this converter. */
const RESERVED_TYPES = [
  'Query',
  'Mutation',
  'Subscription',
  'String',
  'Int',
  'Float',
  'Boolean',
  'ID',
  'JSON',
  'BigInt',
  '_Any',
  '_Entity',
  '_Service',
];

/** A set of unique names: the second `Pet` becomes `Pet2`. */
export class Names {
  readonly #taken: Set<string>;

  constructor(taken: readonly string[] = []) {
    this.#taken = new Set(taken);
  }

  static ofTypes(): Names {
    return new Names(RESERVED_TYPES);
  }

  take(preferred: string): string {
    let name = preferred;
    for (let count = 2; this.#taken.has(name); count++) name = `${preferred}${count}`;
    this.#taken.add(name);
    return name;
  }
}

/** Converts `pet-store.Item[]` to `PetStoreItem`. */
export function typeName(text: string): string {
  const name = wordsOf(text)
    .map((word) => word[0]?.toUpperCase() + word.slice(1))
    .join('');
  return safe(name, 'Type');
}

/** Converts `GET-pet by id` to `getPetById`. Valid names are unchanged. */
export function fieldName(text: string): string {
  if (NAME.test(text) && !text.startsWith('__')) return text;
  const [first = '', ...more] = wordsOf(text);
  const start = first === first.toUpperCase() ? first.toLowerCase() : (first[0]?.toLowerCase() ?? '') + first.slice(1);
  return safe(start + more.map((word) => word[0]?.toUpperCase() + word.slice(1)).join(''), 'value');
}

/** Returns whether a text is a valid GraphQL name. */
export function isName(text: string): boolean {
  return NAME.test(text) && !text.startsWith('__');
}

/** Splits a text into words of ASCII letters and digits. Accents are removed; other characters separate words. */
function wordsOf(text: string): string[] {
  const plain = text.normalize('NFKD').replaceAll(/\p{M}/gu, '');
  return plain
    .split(/[^0-9A-Za-z_]+/)
    .map((word) => word.replace(/^_+/, ''))
    .filter((word) => word !== '');
}

function safe(name: string, fallback: string): string {
  if (name === '') return fallback;
  return /^[0-9]/.test(name) ? `_${name}` : name;
}
