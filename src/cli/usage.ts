import { existsSync } from 'node:fs';
import { buildSchema, type GraphQLSchema } from 'graphql';
import { loadSupergraph } from '../composition/load-supergraph.ts';
import { CompositionError } from '../composition/supergraph-provider.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load-config.ts';
import { nearest } from '../config/nearest.ts';
import { readSupergraph } from '../supergraph/supergraph.ts';
import type { UsageReport } from '../usage/usage-report.ts';
import { type CoordinateUser, periodText, timesOf, timeText, usersOf, userText } from './coordinate-users.ts';
import { countOf, UsageError } from './failure.ts';
import { membersOf, sameCoordinates } from './schema-members.ts';
import { originOf, type SchemaSourceFlags } from './schema-source.ts';
import { readServedSchema, readUsage } from './usage-source.ts';

export interface UsageFlags extends SchemaSourceFlags {
  readonly config?: string;
  /** A coordinate: `Product.price`, `Query.products(first:)`, `Color.RED`. */
  readonly field?: string;
  readonly client?: string;
  /** Lists what the schema has and nobody uses. */
  readonly unused?: boolean;
  /** Lists only what is deprecated. */
  readonly deprecated?: boolean;
  readonly format: 'text' | 'json';
  readonly url?: string;
  readonly redis?: string;
  readonly file?: string;
  readonly token?: string;
}

/** `headgate usage`: prints which operations and clients use which parts of the schema, how often, and when last. */
export async function usage(flags: UsageFlags): Promise<void> {
  const sources = [flags.url, flags.redis, flags.file].filter((source) => source !== undefined);
  if (sources.length > 1) throw new UsageError('give only one of --url, --redis and --file');
  const config = loadConfig({ file: flags.config });
  const whole = await readUsage({ source: sources[0], token: flags.token }, config);
  const report = flags.client === undefined ? whole : ofClient(whole, flags.client);
  const field = flags.field === undefined ? undefined : await findField(flags.field, whole, flags, config);
  const isListed = flags.unused || flags.deprecated;
  const lines = isListed ? await listMembers(report, flags) : undefined;
  if (flags.format === 'json') {
    const text = lines ? lines.map(({ coordinate }) => coordinate) : filtered(report, field);
    process.stdout.write(`${JSON.stringify(text, null, 2)}\n`);
    return;
  }
  const text = lines ? lines.map((line) => line.text) : textOf(report, field);
  process.stdout.write(`${[headline(report), ...text].join('\n')}\n`);
}

interface Field {
  readonly coordinate: string;
  /** Its own coordinate, and those of interfaces. */
  readonly same: readonly string[];
  /** Whether it is in the schema, as far as that is known. */
  readonly isKnown: boolean;
}

/** Finds a coordinate in the schema. Throws `UsageError` for one that the schema does not have and nobody has used. */
async function findField(coordinate: string, report: UsageReport, flags: UsageFlags, config: Config): Promise<Field> {
  const schema = await schemaFor(flags, config);
  if (schema === undefined) return { coordinate, same: [coordinate], isKnown: false };
  const isUsed = report.operations.some(({ used, possible }) => [...used, ...possible].includes(coordinate));
  try {
    return { coordinate, same: sameCoordinates(coordinate, schema), isKnown: true };
  } catch (error) {
    // the schema had it before, or a contract or a canary has it
    if (isUsed) return { coordinate, same: [coordinate], isKnown: true };
    throw error;
  }
}

/** Returns the schema of the flags, that of the running gateway, or that of the default folder; `undefined` where there is none. */
async function schemaFor(flags: UsageFlags, config: Config): Promise<GraphQLSchema | undefined> {
  const isGiven = flags.schemas !== undefined || flags.supergraph !== undefined;
  const { url, redis, file, token } = flags;
  const sdl = isGiven ? undefined : await readServedSchema({ source: url ?? redis ?? file, token }, config);
  if (sdl !== undefined) return buildSchema(sdl, { assumeValid: true });
  return isGiven || existsSync('schemas') ? loadSchema(flags) : undefined;
}

async function loadSchema(flags: UsageFlags): Promise<GraphQLSchema> {
  const loaded = await loadSupergraph(originOf(flags));
  if (!loaded.ok) throw new CompositionError(loaded.problems);
  return readSupergraph(loaded.update.sdl).publicSchema;
}

/** Returns the uses of one client. Throws `UsageError` if no such client was seen. */
function ofClient(report: UsageReport, client: string): UsageReport {
  const seen = new Set(report.operations.flatMap(({ uses }) => uses.flatMap((use) => use.client ?? [])));
  if (!seen.has(client)) {
    const [near] = nearest(client, seen);
    const hint = near === undefined ? '' : ` Did you mean "${near}"?`;
    throw new UsageError(`--client: no client "${client}" was seen ${periodText(report)}.${hint}`);
  }
  const operations = report.operations.flatMap((operation) => {
    const uses = operation.uses.filter((use) => use.client === client);
    return uses.length === 0 ? [] : { ...operation, uses };
  });
  return { ...report, operations };
}

function filtered(report: UsageReport, field: Field | undefined): UsageReport {
  if (field === undefined) return report;
  const operations = report.operations.filter(({ used, possible }) =>
    field.same.some((one) => used.includes(one) || possible.includes(one)),
  );
  return { ...report, operations };
}

function headline(report: UsageReport): string {
  const requests = report.operations.flatMap(({ uses }) => uses).reduce((sum, { count }) => sum + count, 0);
  const more = report.overflowed
    ? '\nThere were more operations and clients than usage.max_entries; the rest is counted as other operations.'
    : '';
  const what = `${countOf(report.operations.length, 'operation')}, ${countOf(requests, 'request')}`;
  return `${what} ${periodText(report)}${more}\n`;
}

function textOf(report: UsageReport, field: Field | undefined): string[] {
  if (field !== undefined) {
    const users = usersOf(report, (coordinate) => field.same.includes(coordinate));
    const unused = field.isKnown ? '  not used' : '  not used; give --schemas or --supergraph to check that it exists';
    return [field.coordinate, ...(users.length === 0 ? [unused] : users.map((user) => `  ${userText(user)}`))];
  }
  const coordinates = new Set(report.operations.flatMap(({ used }) => used.filter((name) => /[.@]/.test(name))));
  return [...coordinates].sort().map((coordinate) =>
    summary(
      coordinate,
      usersOf(report, (one) => one === coordinate),
    ),
  );
}

/** The most users in one line. */
const MOST_USERS = 3;

/** Returns a line such as `Product.price  120 times, last 2026-11-28 23:10: query Shelf, web 1.2.3`. */
function summary(coordinate: string, users: readonly CoordinateUser[]): string {
  const count = users.reduce((sum, user) => sum + user.count, 0);
  const last =
    users
      .map((user) => user.last)
      .sort()
      .at(-1) ?? '';
  const named = users.slice(0, MOST_USERS).map(({ operation, client }) => `${operation}, ${client}`);
  const more = users.length > MOST_USERS ? `; ${users.length - MOST_USERS} more` : '';
  return `${coordinate}  ${timesOf(count)}, last ${timeText(last)}: ${named.join('; ')}${more}`;
}

/** Lists members of the schema: those that nobody uses, and with `--deprecated` alone, the deprecated ones with their users. */
async function listMembers(report: UsageReport, flags: UsageFlags): Promise<{ coordinate: string; text: string }[]> {
  return membersOf(await loadSchema(flags))
    .filter(({ isDeprecated }) => isDeprecated || !flags.deprecated)
    .flatMap(({ coordinates: [coordinate = '', ...others] }) => {
      const users = usersOf(report, (one) => one === coordinate || others.includes(one));
      if (users.length === 0) return { coordinate, text: `${coordinate}  not used` };
      return flags.unused ? [] : { coordinate, text: summary(coordinate, users) };
    });
}
