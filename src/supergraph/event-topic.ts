import { isNumber } from '../shared/exact-json.ts';

/**
 * Topics of events. A topic is a text with places for arguments: `order.{args.id}.updated`. The value of an argument fills its place, and
 * nothing else: it cannot separate parts of the topic, and it is no wildcard. So the topic of a request is one that the text describes.
 */

/** A part of a topic: fixed text, or the path of an argument: `{args.input.id}` → `['input', 'id']`. */
export type TopicPart = string | { readonly path: readonly string[] };

export interface TopicTemplate {
  readonly text: string;
  readonly parts: readonly TopicPart[];
}

/** Why a text is no topic, or a value cannot be in one. */
export interface TopicMistake {
  readonly mistake: string;
}

const PLACE = /^args((?:\.[_A-Za-z]\w{0,200}){1,10})$/;
const SPACE = /[\s\p{Cc}\p{Cs}]/u;
const WORD = /^[\p{L}\p{N}]$/u;
const MOST_CHARACTERS = 200;

/**
 * Reads the text of a topic. It begins with fixed text, and a character that is no letter or digit is before and after each argument.
 * @param allowsWildcards whether `*` and `>` may be parts of it, as NATS has them
 */
export function readTopic(text: string, allowsWildcards: boolean): TopicTemplate | TopicMistake {
  const parts = splitTopic(text);
  if (!Array.isArray(parts)) return parts as TopicMistake;
  if (typeof parts[0] !== 'string') return { mistake: 'it has to begin with fixed text.' };
  for (const [index, part] of parts.entries()) {
    const mistake = typeof part === 'string' ? mistakeInText(part) : mistakeAround(parts, index);
    if (mistake !== undefined) return { mistake };
  }
  const mistake = mistakeInWildcards(text, allowsWildcards);
  return mistake === undefined ? { text, parts } : { mistake };
}

function splitTopic(text: string): TopicPart[] | TopicMistake {
  const parts: TopicPart[] = [];
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('{', at);
    if (open === -1) {
      parts.push(text.slice(at));
      break;
    }
    if (open > at) parts.push(text.slice(at, open));
    const close = text.indexOf('}', open);
    const inside = close === -1 ? text.slice(open + 1) : text.slice(open + 1, close).trim();
    const [, path] = close === -1 ? [] : (PLACE.exec(inside) ?? []);
    if (path === undefined) return { mistake: `"{${inside}}" is not an argument; expected {args.ARGUMENT}.` };
    parts.push({ path: path.slice(1).split('.') });
    at = close + 1;
  }
  return parts;
}

function mistakeInText(part: string): string | undefined {
  if (part.includes('}')) return 'it has a "}" without "{".';
  return SPACE.test(part) ? 'it has a space.' : undefined;
}

function mistakeAround(parts: readonly TopicPart[], index: number): string | undefined {
  const [before, after] = separatorsAt(parts, index);
  if (before !== undefined && after !== undefined) return undefined;
  return 'a character such as "." has to be before and after each argument.';
}

/** Returns the characters around an argument; empty at the end of the topic, `undefined` where there is none that separates. */
function separatorsAt(parts: readonly TopicPart[], index: number): readonly (string | undefined)[] {
  const [before, after] = [parts[index - 1], parts[index + 1]];
  const last = typeof before === 'string' ? ([...before].at(-1) ?? '') : undefined;
  const first = after === undefined ? '' : typeof after === 'string' ? [...after][0] : undefined;
  return [last, first].map((one) => (one === undefined || WORD.test(one) ? undefined : one));
}

function mistakeInWildcards(text: string, allowed: boolean): string | undefined {
  const tokens = text.split('.');
  // a path of an argument has points, too, and is not empty between them
  if (tokens.includes('')) return 'a part between points is empty.';
  if (!/[*>]/.test(text)) return undefined;
  if (!allowed) return 'it has a wildcard, and a message is for one topic.';
  const areWhole = tokens.every((token) => token === '*' || token === '>' || !/[*>]/.test(token));
  const last = text.indexOf('>');
  if (areWhole && (last === -1 || last === text.length - 1)) return undefined;
  return 'a wildcard has to be a part of its own: "*" between points, or ">" at the end.';
}

/** Returns whether a topic stands for several topics of NATS. */
export function hasWildcard({ parts }: TopicTemplate): boolean {
  return parts.some((part) => typeof part === 'string' && /[*>]/.test(part));
}

/**
 * Returns the topic for the arguments of a request. A value is refused if it is empty, longer than 200 characters, no string, number or
 * boolean, or has a character that it may not have: `.`, `*`, `>`, those around its place, and spaces.
 */
export function renderTopic(template: TopicTemplate, args: Readonly<Record<string, unknown>>): string | TopicMistake {
  let topic = '';
  for (const [index, part] of template.parts.entries()) {
    if (typeof part === 'string') {
      topic += part;
      continue;
    }
    const value = textOf(valueAt(args, part.path));
    const reason =
      value === undefined ? 'it is no text, number or boolean' : mistakeInValue(value, template.parts, index);
    if (value === undefined || reason !== undefined) {
      const place = `"${part.path.join('.')}"`;
      return { mistake: `The argument ${place} cannot be part of the topic "${template.text}": ${reason}.` };
    }
    topic += value;
  }
  return topic;
}

function valueAt(args: unknown, path: readonly string[]): unknown {
  let value = args;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'boolean' || isNumber(value) ? String(value) : undefined;
}

function mistakeInValue(value: string, parts: readonly TopicPart[], index: number): string | undefined {
  if (value === '') return 'it is empty';
  if (value.length > MOST_CHARACTERS) return `it has more than ${MOST_CHARACTERS} characters`;
  if (SPACE.test(value)) return 'it has a space, or a character that is no text';
  const refused = ['.', '*', '>', ...separatorsAt(parts, index)];
  const found = refused.find((one) => one !== undefined && one !== '' && value.includes(one));
  return found === undefined ? undefined : `it has the character "${found}"`;
}
