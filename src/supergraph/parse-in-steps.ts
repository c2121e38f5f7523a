import { type DefinitionNode, type DocumentNode, GraphQLError, Kind, parse } from 'graphql';
import type { Steps } from '../shared/steps.ts';

/** Characters that are parsed in one step, unless a single definition is longer. */
const STEP_LENGTH = 16_384;

/**
 * Parses an SDL in steps of some definitions each. The nodes have no locations.
 * @throws GraphQLError with its place in the text
 */
export function* parseInSteps(sdl: string): Steps<DocumentNode> {
  const definitions: DefinitionNode[] = [];
  let start = 0;
  try {
    for (const end of endsOfDefinitions(sdl)) {
      yield;
      if (end < sdl.length && end - start < STEP_LENGTH) continue;
      const text = sdl.slice(start, end);
      start = end;
      if (definitions.length === 0 || !isBlank(text)) definitions.push(...parse(text, OPTIONS).definitions);
    }
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    // places in an error of a part are not those in the text
    return parse(sdl, OPTIONS);
  }
  return { kind: Kind.DOCUMENT, definitions };
}

const OPTIONS = { noLocation: true };

/** Returns whether a text has only white space and comments. */
function isBlank(text: string): boolean {
  return text.split('\n').every((line) => line.trim() === '' || line.trimStart().startsWith('#'));
}

const [QUOTE, BACKSLASH, HASH, NEWLINE, RETURN] = [34, 92, 35, 10, 13];
const OPENING: ReadonlySet<number> = new Set([40, 91, 123]);
const CLOSING: ReadonlySet<number> = new Set([41, 93, 125]);
const CLOSING_BRACE = 125;

/**
 * Yields places at which one definition ends and another begins: after each brace that closes the fields or values of a
 * definition, and at the end of the text. Definitions without braces stay together with the next one.
 */
function* endsOfDefinitions(sdl: string): Generator<number> {
  let depth = 0;
  for (let at = 0; at < sdl.length; at++) {
    const character = sdl.charCodeAt(at);
    if (character === QUOTE) at = endOfString(sdl, at);
    else if (character === HASH) at = endOfLine(sdl, at);
    else if (OPENING.has(character)) depth++;
    else if (CLOSING.has(character) && --depth === 0 && character === CLOSING_BRACE) yield at + 1;
  }
  yield sdl.length;
}

/** Returns the place of the last quote of a string or block string. */
function endOfString(sdl: string, start: number): number {
  if (sdl.startsWith('"""', start)) {
    for (let end = sdl.indexOf('"""', start + 3); end >= 0; end = sdl.indexOf('"""', end + 3)) {
      if (sdl.charCodeAt(end - 1) !== BACKSLASH) return end + 2;
    }
    return sdl.length;
  }
  for (let at = start + 1; at < sdl.length; at++) {
    const character = sdl.charCodeAt(at);
    if (character === BACKSLASH) at++;
    else if (character === QUOTE || character === NEWLINE || character === RETURN) return at;
  }
  return sdl.length;
}

function endOfLine(sdl: string, start: number): number {
  for (let at = start; at < sdl.length; at++) {
    const character = sdl.charCodeAt(at);
    if (character === NEWLINE || character === RETURN) return at;
  }
  return sdl.length;
}
