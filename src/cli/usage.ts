import {
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
} from 'graphql';
import { loadSupergraph } from '../composition/load-supergraph.ts';
import { CompositionError } from '../composition/supergraph-provider.ts';
import { loadConfig } from '../config/load-config.ts';
import { readSupergraph } from '../supergraph/supergraph.ts';
import type { UsageReport } from '../usage/usage-report.ts';
import { type CoordinateUser, periodText, timesOf, timeText, usersOf, userText } from './coordinate-users.ts';
import { countOf, UsageError } from './failure.ts';
import { originOf, type SchemaSourceFlags } from './schema-source.ts';
import { readUsage } from './usage-source.ts';

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
  const isListed = flags.unused || flags.deprecated;
  const lines = isListed ? await listMembers(report, flags) : undefined;
  if (flags.format === 'json') {
    const text = lines ? lines.map(({ coordinate }) => coordinate) : filtered(report, flags.field);
    process.stdout.write(`${JSON.stringify(text, null, 2)}\n`);
    return;
  }
  const text = lines ? lines.map((line) => line.text) : textOf(report, flags.field);
  process.stdout.write(`${[headline(report), ...text].join('\n')}\n`);
}

function ofClient(report: UsageReport, client: string): UsageReport {
  const operations = report.operations.flatMap((operation) => {
    const uses = operation.uses.filter((use) => use.client === client);
    return uses.length === 0 ? [] : { ...operation, uses };
  });
  return { ...report, operations };
}

function filtered(report: UsageReport, field: string | undefined): UsageReport {
  if (field === undefined) return report;
  const operations = report.operations.filter(({ used, possible }) => used.includes(field) || possible.includes(field));
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

function textOf(report: UsageReport, field: string | undefined): string[] {
  if (field !== undefined) {
    const users = usersOf(report, (coordinate) => coordinate === field);
    return [field, ...(users.length === 0 ? ['  not used'] : users.map((user) => `  ${userText(user)}`))];
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
  const loaded = await loadSupergraph(originOf(flags));
  if (!loaded.ok) throw new CompositionError(loaded.problems);
  const members = membersOf(readSupergraph(loaded.update.sdl).publicSchema);
  return members
    .filter(({ isDeprecated }) => isDeprecated || !flags.deprecated)
    .flatMap(({ coordinates: [coordinate = '', ...others] }) => {
      const users = usersOf(report, (one) => one === coordinate || others.includes(one));
      if (users.length === 0) return { coordinate, text: `${coordinate}  not used` };
      return flags.unused ? [] : { coordinate, text: summary(coordinate, users) };
    });
}

interface Member {
  /** Its own coordinate, and those of the interfaces that it implements: a field that is used there is used here. */
  readonly coordinates: readonly string[];
  readonly isDeprecated: boolean;
}

/** Lists fields, arguments, input fields and enum values of a schema. */
function membersOf(schema: GraphQLSchema): Member[] {
  const members: Member[] = [];
  const types = Object.values(schema.getTypeMap()).filter((type) => !isIntrospectionType(type));
  for (const type of types) {
    if (isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        const owners = [type, ...type.getInterfaces().filter((parent) => field.name in parent.getFields())];
        const names = owners.map(({ name }) => `${name}.${field.name}`);
        const isDeprecated = field.deprecationReason != null;
        members.push({ coordinates: names, isDeprecated });
        for (const argument of field.args)
          members.push({
            coordinates: names.map((name) => `${name}(${argument.name}:)`),
            isDeprecated: argument.deprecationReason != null,
          });
      }
    } else if (isInputObjectType(type) || isEnumType(type)) {
      const own = isEnumType(type) ? type.getValues() : Object.values(type.getFields());
      for (const { name, deprecationReason } of own)
        members.push({ coordinates: [`${type.name}.${name}`], isDeprecated: deprecationReason != null });
    }
  }
  return members.sort((one, other) => coordinateOf(one).localeCompare(coordinateOf(other)));
}

function coordinateOf({ coordinates: [own = ''] }: Member): string {
  return own;
}
