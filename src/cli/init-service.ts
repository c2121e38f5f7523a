import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildClientSchema, type GraphQLSchema, getIntrospectionQuery, type IntrospectionQuery } from 'graphql';
import { guessLookups, writeServiceFile } from '../services/guess-lookups.ts';
import { urlWithoutSecrets } from '../shared/secret-parameters.ts';
import { fetchFailure, UsageError } from './failure.ts';

export interface InitServiceFlags {
  readonly url: string;
  readonly name?: string;
  readonly out?: string;
  /** Lines of the form `name: value`. */
  readonly header?: readonly string[];
}

const TIMEOUT_MS = 10_000;

/**
 * `headgate init service`: fetches the schema of a GraphQL service and writes it as a file of `schemas/`. Throws `UsageError`, and
 * writes nothing, if the file exists already or the service does not allow introspection.
 */
export async function initService(flags: InitServiceFlags): Promise<void> {
  if (!URL.canParse(flags.url) || !/^https?:$/.test(new URL(flags.url).protocol)) {
    throw new UsageError(`--url: "${urlWithoutSecrets(flags.url)}" is not an http:// or https:// URL`);
  }
  const name = flags.name ?? nameOf(new URL(flags.url));
  if (!/^[A-Za-z][A-Za-z0-9_-]*$/.test(name)) {
    throw new UsageError(
      `--name: "${name}" is not a valid name; use letters, digits, "_" and "-", starting with a letter`,
    );
  }
  const file = flags.out ?? join('schemas', `${name}.graphql`);
  if (existsSync(file)) throw new UsageError(`${file} exists already. Write to another with --out FILE.`);
  const schema = await introspect(flags.url, headersOf(flags.header ?? []));
  const variable = `${name.replaceAll('-', '_').toUpperCase()}_URL`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, writeServiceFile(schema, `\${${variable}:-${flags.url}}`));
  report(file, schema);
}

/** Derives a name: `https://billing.example.com/graphql` → `billing`; `service` for addresses and localhost. */
function nameOf({ hostname }: URL): string {
  const [label = ''] = hostname.split('.');
  return label !== 'localhost' && /^[A-Za-z][A-Za-z0-9_-]*$/.test(label) ? label : 'service';
}

function headersOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      if (colon < 1) throw new UsageError(`--header: expected "name: value", not "${line}"`);
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}

async function introspect(url: string, headers: Readonly<Record<string, string>>): Promise<GraphQLSchema> {
  // older servers do not support the newer parts of introspection
  const queries = [
    getIntrospectionQuery({ specifiedByUrl: true, oneOf: true }),
    getIntrospectionQuery({ specifiedByUrl: true }),
    getIntrospectionQuery(),
  ];
  let failure = '';
  for (const query of queries) {
    const result = await request(url, headers, query);
    if (result.data?.__schema) return checked(buildClientSchema(result.data), url);
    failure = result.errors?.[0]?.message ?? 'the response has no schema';
  }
  throw new UsageError(
    `${urlWithoutSecrets(url)}: introspection failed: ${failure}\nIf it is disabled, write the file by hand, with the service's SDL.`,
  );
}

interface Introspected {
  readonly data?: IntrospectionQuery | null;
  readonly errors?: readonly { readonly message?: string }[];
}

async function request(url: string, headers: Readonly<Record<string, string>>, query: string): Promise<Introspected> {
  const type = { 'content-type': 'application/json', accept: 'application/graphql-response+json, application/json' };
  let text: string;
  let status: number;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, {
      method: 'POST',
      signal,
      headers: { ...type, ...headers },
      body: JSON.stringify({ query }),
    });
    [status, text] = [response.status, await response.text()];
  } catch (error) {
    throw new UsageError(`${urlWithoutSecrets(url)} does not respond: ${causeOf(error)}`);
  }
  try {
    const result: unknown = JSON.parse(text);
    if (typeof result === 'object' && result !== null) return result;
  } catch {
    // reported below
  }
  throw new UsageError(`${urlWithoutSecrets(url)} responded with status ${status}, and not with a GraphQL result.`);
}

function causeOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: string } };
  return cause?.code ?? fetchFailure(error);
}

function checked(schema: GraphQLSchema, url: string): GraphQLSchema {
  if (!schema.getQueryType()?.getFields()._service) return schema;
  throw new UsageError(
    `${urlWithoutSecrets(url)} is a federation subgraph, not a plain service: put the SDL of its \`{ _service { sdl } }\` into the file, below ` +
      `\`extend schema @subgraph(url: "${urlWithoutSecrets(url)}")\`.`,
  );
}

function report(file: string, schema: GraphQLSchema): void {
  const found = guessLookups(schema);
  console.log(`wrote ${file}`);
  for (const { field, type, directive, isCertain } of found) {
    console.log(`  ${isCertain ? 'look-up' : 'perhaps'}  ${field} → ${type} ${directive}`);
  }
  if (found.length === 0)
    console.log('  No look-ups found: its root fields are served; add @merge to those that find objects by a key.');
  console.log('\nNext: check the look-ups, then run `headgate validate`.');
}
