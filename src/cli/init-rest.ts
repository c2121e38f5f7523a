import { existsSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parse } from 'yaml';
import { composeSupergraph } from '../composition/compose.ts';
import { readSource } from '../composition/read-source.ts';
import { formatProblem } from '../config/problem.ts';
import { convertOpenApi, OpenApiError } from '../connectors/openapi/convert.ts';
import { withoutByteOrderMark } from '../shared/decode-text.ts';
import { urlWithoutSecrets } from '../shared/secret-parameters.ts';
import { fetchFailure, UsageError } from './failure.ts';
import { readGivenFile } from './read-given-file.ts';

export interface InitRestFlags {
  /** A file, or an http(s) URL. */
  readonly openapi: string;
  readonly out?: string;
}

const FETCH_TIMEOUT_MS = 30_000;
/** Limits YAML aliases, which can expand a small text to a huge document. */
const MOST_ALIASES = 1_000;

/** `headgate init rest`: writes a connectors schema for an OpenAPI document. Throws `UsageError`. */
export async function initRest({ openapi, out }: InitRestFlags): Promise<void> {
  if (out !== undefined && existsSync(out))
    throw new UsageError(`${out} exists already. Name another file with --out.`);
  const document = parseDocument(await readDocument(openapi), openapi);
  const name = nameFrom(out ?? openapi);
  const { sdl, leftOut, fields, unknownServer } = convert(document, name, openapi);
  for (const line of leftOut) console.error(`left out  ${line}`);
  if (unknownServer !== undefined)
    console.error(`The document does not name the host of the API: set \`baseURL\` in the file, or ${unknownServer}.`);
  printProblems(sdl, name, out ?? `${name}.graphql`);
  if (out === undefined) {
    process.stdout.write(sdl);
    return;
  }
  writeFileSync(out, sdl);
  const count = `${fields} field${fields === 1 ? '' : 's'}`;
  console.log(`wrote ${out}: ${count}\n\nNext: check names, nullability and keys, then run \`headgate validate\`.`);
}

async function readDocument(place: string): Promise<string> {
  if (!/^https?:\/\//.test(place)) {
    return withoutByteOrderMark(readGivenFile('--openapi', place));
  }
  const response = await fetch(place, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) }).catch((error: Error) => {
    throw new UsageError(`--openapi: ${urlWithoutSecrets(place)} cannot be fetched: ${fetchFailure(error)}`);
  });
  if (!response.ok)
    throw new UsageError(`--openapi: ${urlWithoutSecrets(place)} responded with HTTP status ${response.status}`);
  return response.text();
}

/** Parses JSON with the JSON parser, which is faster than the YAML parser. */
function parseDocument(text: string, place: string): object {
  let document: unknown;
  try {
    document = text.trimStart().startsWith('{') ? JSON.parse(text) : parse(text, { maxAliasCount: MOST_ALIASES });
  } catch (error) {
    throw new UsageError(
      `--openapi: ${urlWithoutSecrets(place)} is neither JSON nor YAML: ${(error as Error).message.split('\n')[0]}`,
    );
  }
  if (typeof document === 'object' && document !== null) return document;
  throw new UsageError(`--openapi: ${urlWithoutSecrets(place)} is not an OpenAPI document`);
}

function convert(document: object, name: string, location: string) {
  try {
    return convertOpenApi(document, { name, location });
  } catch (error) {
    if (error instanceof OpenApiError) throw new UsageError(`--openapi: ${error.message}`);
    throw error;
  }
}

function nameFrom(path: string): string {
  const base = basename(path.replace(/[?#].*/s, '')).replace(/\.[^.]*$/, '');
  const name = base
    .replaceAll(/[^0-9A-Za-z_-]+/g, '-')
    .replace(/^[^A-Za-z]+/, '')
    .toLowerCase();
  return name === '' ? 'api' : name;
}

/** Prints what prevents the file from composing; the user can fix it in the file. */
function printProblems(sdl: string, name: string, file: string): void {
  const read = readSource({ name, file, text: sdl }, process.env);
  const composition = 'kind' in read ? composeSupergraph([read]) : { ok: false as const, problems: read };
  if (composition.ok) return;
  for (const problem of composition.problems) {
    // queries may be in other files
    if (problem.code !== 'NO_QUERIES') console.error(formatProblem(problem));
  }
}
