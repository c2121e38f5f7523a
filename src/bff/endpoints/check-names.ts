import { type ConstDirectiveNode, getNullableType, isInputObjectType, isListType } from 'graphql';
import type { Problem } from '../../config/problem.ts';
import type { Parameter } from './parameters.ts';
import { problemAt } from './problem-at.ts';

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Headers of one connection or of the encoded body. Endpoints do not see them as the client sent them. */
const CONNECTION_HEADERS =
  /^(?:connection|content-(?:encoding|length)|expect|http2-settings|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|sec-websocket-.*)$/i;

/** Returns why a request header of this name cannot be read; `undefined` where it can. */
export function unreadableHeader(name: string): string | undefined {
  if (name === '*') return '"*" is not the name of a header';
  if (!HEADER_NAME.test(name)) return `${JSON.stringify(name)} is not the name of a header`;
  return CONNECTION_HEADERS.test(name)
    ? `the header "${name}" belongs to the connection, not to the request`
    : undefined;
}

/** Place of a setting, for problems. */
export interface SettingPlace {
  readonly file: string;
  readonly directive: ConstDirectiveNode | undefined;
}

/** Checks the names in `vary`. */
export function checkVary(names: readonly string[], { file, directive }: SettingPlace): Problem[] {
  return names.flatMap((name) => {
    const reason = unreadableHeader(name);
    if (reason === undefined) return [];
    const message = `Invalid name in "vary": ${reason}.`;
    return [problemAt(file, directive, 'ENDPOINT_CACHE', message, 'Name request headers: vary: ["accept-language"].')];
  });
}

const PLACEHOLDER = /\{(\w+)\}/g;

/** Checks cache tags: their placeholders must name variables with a single value. */
export function checkTags(
  tags: readonly string[],
  parameters: readonly Parameter[],
  { file, directive }: SettingPlace,
): Problem[] {
  const types = new Map(parameters.map(({ variable, type }) => [variable, getNullableType(type)]));
  return tags.flatMap((tag) => {
    const reason = tag.trim() === '' ? 'it is empty' : badPlaceholder(tag, types);
    if (reason === undefined) return [];
    const names = [...types.keys()].map((name) => `{${name}}`).join(', ');
    const hint = `Write a placeholder as {variable}. ${names === '' ? 'The endpoint has no variables.' : `Its variables are ${names}.`}`;
    return [problemAt(file, directive, 'ENDPOINT_CACHE', `Invalid tag "${tag}": ${reason}.`, hint)];
  });
}

function badPlaceholder(tag: string, types: ReadonlyMap<string, Parameter['type']>): string | undefined {
  for (const [text, name = ''] of tag.matchAll(PLACEHOLDER)) {
    const type = types.get(name);
    if (type === undefined) return `the operation has no variable for ${text}`;
    if (isListType(type) || isInputObjectType(type)) return `${text} has the type ${type}, which is not a single value`;
  }
  const rest = tag.replaceAll(PLACEHOLDER, '');
  return /[{}]/.test(rest) ? 'it has a brace outside a placeholder' : undefined;
}
