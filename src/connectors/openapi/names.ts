const NAME = /^[_A-Za-z][_0-9A-Za-z]*$/;

/** Names that mean something in GraphQL, or that this converter uses itself. */
const TAKEN_TYPES = [
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

/** Gives names, each once: the second `Pet` is `Pet2`. */
export class Names {
  readonly #taken: Set<string>;

  constructor(taken: readonly string[] = []) {
    this.#taken = new Set(taken);
  }

  static ofTypes(): Names {
    return new Names(TAKEN_TYPES);
  }

  take(wanted: string): string {
    let name = wanted;
    for (let count = 2; this.#taken.has(name); count++) name = `${wanted}${count}`;
    this.#taken.add(name);
    return name;
  }
}

/** `pet-store.Item[]` → `PetStoreItem`. */
export function typeName(text: string): string {
  const name = wordsOf(text)
    .map((word) => word[0]?.toUpperCase() + word.slice(1))
    .join('');
  return safe(name, 'Type');
}

/** `GET-pet by id` → `getPetById`; names that are in order stay as they are. */
export function fieldName(text: string): string {
  if (NAME.test(text) && !text.startsWith('__')) return text;
  const [first = '', ...more] = wordsOf(text);
  const start = first === first.toUpperCase() ? first.toLowerCase() : (first[0]?.toLowerCase() ?? '') + first.slice(1);
  return safe(start + more.map((word) => word[0]?.toUpperCase() + word.slice(1)).join(''), 'value');
}

export function isName(text: string): boolean {
  return NAME.test(text) && !text.startsWith('__');
}

/** Only ASCII letters and digits can be in names: accents are taken off, what else is foreign divides words. */
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
