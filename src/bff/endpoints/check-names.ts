import { type ConstDirectiveNode, getNullableType, isInputObjectType, isListType } from 'graphql';
import type { Problem } from '../../config/problem.ts';
import type { Parameter } from './parameters.ts';
import { problemAt } from './problem-at.ts';

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Headers that are about one connection, or about the body on it: no endpoint gets to see them as the client meant them. */
const OF_CONNECTION =
  /^(?:connection|content-(?:encoding|length)|expect|http2-settings|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|sec-websocket-.*)$/i;

/** Returns why nothing can be read from a request header of this name; `undefined` where it can. */
export function unreadableHeader(name: string): string | undefined {
  if (name === '*') return '"*" is not the name of a header';
  if (!HEADER_NAME.test(name)) return `${JSON.stringify(name)} is not the name of a header`;
  return OF_CONNECTION.test(name) ? `the header "${name}" is about the connection, not about the request` : undefined;
}

/** Where a name is written, for problems. */
export interface Written {
  readonly file: string;
  readonly directive: ConstDirectiveNode | undefined;
}

/** Checks the names in `vary`. */
export function checkVary(names: readonly string[], { file, directive }: Written): Problem[] {
  return names.flatMap((name) => {
    const reason = unreadableHeader(name);
    if (reason === undefined) return [];
    const message = `Answers cannot vary by it: ${reason}.`;
    return [problemAt(file, directive, 'ENDPOINT_CACHE', message, 'Name request headers: vary: ["accept-language"].')];
  });
}

const PLACEHOLDER = /\{(\w+)\}/g;

/** Checks the tags of kept answers: their placeholders must name variables that have one value. */
export function checkTags(
  tags: readonly string[],
  parameters: readonly Parameter[],
  { file, directive }: Written,
): Problem[] {
  const types = new Map(parameters.map(({ variable, type }) => [variable, getNullableType(type)]));
  return tags.flatMap((tag) => {
    const reason = tag.trim() === '' ? 'it is empty' : badPlaceholder(tag, types);
    if (reason === undefined) return [];
    const names = [...types.keys()].map((name) => `{${name}}`).join(', ');
    const hint = `Write a placeholder as {variable}. ${names === '' ? 'The endpoint has no variables.' : `There are: ${names}.`}`;
    return [problemAt(file, directive, 'ENDPOINT_CACHE', `The tag "${tag}" cannot work: ${reason}.`, hint)];
  });
}

function badPlaceholder(tag: string, types: ReadonlyMap<string, Parameter['type']>): string | undefined {
  for (const [text, name = ''] of tag.matchAll(PLACEHOLDER)) {
    const type = types.get(name);
    if (type === undefined) return `the operation has no variable for ${text}`;
    if (isListType(type) || isInputObjectType(type)) return `${text} is of the type ${type}, which is no single value`;
  }
  const rest = tag.replaceAll(PLACEHOLDER, '');
  return /[{}]/.test(rest) ? 'it has a brace that belongs to no placeholder' : undefined;
}
