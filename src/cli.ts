#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { reportFailure } from './cli/failure.ts';
import { checkGivenPaths } from './cli/given-paths.ts';
import { parsePort } from './config/port.ts';

const MOST_WORKERS = 1024;

/** Each command's file is loaded only when it runs, so that `--help` and a bad flag respond at once. */
function buildProgram(): Command {
  const program = new Command('headgate')
    .description('A GraphQL federation gateway with backends for frontends')
    .version(packageVersion(), '-V, --version')
    .showHelpAfterError('(see --help)')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .hook('preAction', (_, command) => checkPaths(command));
  addServers(program);
  addSchemaCommands(program);
  addBffCommands(program);
  addInit(program);
  program
    .command('config')
    .description('about headgate.yaml')
    .command('schema')
    .description('print its JSON schema, for editors')
    .action(async () => (await import('./cli/config-schema.ts')).configSchema());
  program
    .command('plugins')
    .description('plugins of the config file')
    .command('list')
    .description('print the plugins, and which of them each hook calls, in order')
    .addOption(configOption())
    .action(async (flags) => (await import('./cli/plugins.ts')).listPlugins(flags));
  addKeyCommands(program.command('keys').description('manage API keys, stored in api_keys.file or in Redis'));
  return program;
}

/** Checks the paths that the user has given, and not those of defaults. A worker has the options of its primary. */
function checkPaths(command: Command): void {
  if (process.connected) return;
  const words: string[] = [];
  for (let one: Command | null = command; one?.parent; one = one.parent) words.unshift(one.name());
  const given = Object.entries(command.opts()).filter(([name]) => command.getOptionValueSource(name) === 'cli');
  checkGivenPaths(words.join(' '), Object.fromEntries(given));
}

function addServers(program: Command): void {
  serving(program.command('start').description('serve the graph'))
    .option('--workers <number>', 'processes that share the port; auto: one per core (default: 1)', workers)
    .action(async (flags) => (await import('./cli/start.ts')).start(flags));
  serving(program.command('dev').description('serve, and reload schemas, endpoints and config when they change'))
    .option('--demo', 'also start the demo services')
    .action(async (flags) => (await import('./cli/dev.ts')).dev(flags));
}

function addSchemaCommands(program: Command): void {
  program
    .command('compose')
    .description('print the supergraph SDL composed from the schemas')
    .addOption(schemasOption().default('schemas'))
    .option('--out <file>', 'write to a file instead of standard output')
    .action(async (flags) => (await import('./cli/compose.ts')).compose(flags));

  addPlan(program);
  addDebugging(program);

  ofOperation(program.command('limits').description('print the rate limits that apply to an operation'))
    .addOption(configOption())
    .action(async (flags) => (await import('./cli/limits.ts')).limits(flags));

  from(program.command('validate').description('check config, schemas and endpoints; list every problem'))
    .addOption(configOption())
    .addOption(bffOption())
    .action(async (flags) => (await import('./cli/validate.ts')).validate(flags));
}

function addPlan(program: Command): void {
  ofOperation(program.command('plan').description('print the query plan of an operation'))
    .option('--label <name>', 'an @override label that is on; repeatable', repeated)
    .option(
      '--percent <number>',
      'the percentile of the request, from 0 to below 100: labels percent(n) with a higher n are on',
      percent,
    )
    .option('--operation-names', 'name the operations for subgraphs, as with traffic_shaping.all.operation_names')
    .option('--defer', 'with @defer and @stream, as for a client that reads a result in parts')
    .option('--stage <name>', 'print the output of one planner stage instead of the plan')
    .addOption(new Option('--format <format>').choices(['text', 'json', 'mermaid']).default('text'))
    .action(async (flags) => (await import('./cli/plan.ts')).plan(flags));
}

function addDebugging(program: Command): void {
  program
    .command('explain')
    .description('run an operation on a running gateway, and print why its nulls are null')
    .option('--query <file>', 'the operation, - for standard input; without it, --url is that of an endpoint')
    .option('--operation <name>', 'which operation of the file')
    .option('--variables <json>', 'the variables')
    .option('--url <url>', 'the URL of the gateway, or of an endpoint', 'http://127.0.0.1:4000/graphql')
    .option('--header <line>', 'a header to send, such as "authorization: Bearer …"; repeatable', repeated)
    .option('--token <token>', 'a token of `headgate debug-token` (env: HEADGATE_DEBUG_TOKEN)')
    .option('--response <file>', 'a saved response with a debug trace, - for standard input, instead of a request')
    .addOption(new Option('--format <format>').choices(['text', 'json']).default('text'))
    .action(async (flags) => (await import('./cli/explain.ts')).explain(flags));
  program
    .command('debug-token')
    .description('print a token that allows debug traces in production')
    .addOption(configOption())
    .option('--ttl <duration>', 'how long it is valid, at most 1h', '15m')
    .action(async (flags) => (await import('./cli/debug-token.ts')).debugToken(flags));
}

function addInit(program: Command): void {
  const init = program
    .command('init')
    .description('write a small project')
    .argument('[dir]', 'the folder', '.')
    .action(async (dir: string) => (await import('./cli/init.ts')).init(dir));
  init
    .command('rest')
    .description('write the schema file of a REST API from its OpenAPI 3 document')
    .requiredOption('--openapi <file>', 'the document, JSON or YAML: a file or a URL')
    .option('--out <file>', 'the file to write, such as schemas/NAME.graphql (default: standard output)')
    .action(async (flags) => (await import('./cli/init-rest.ts')).initRest(flags));
  init
    .command('service')
    .description('write the schema file of a plain GraphQL service, by introspection')
    .requiredOption('--url <url>', 'the URL of the service')
    .option('--name <name>', "the service's name in the graph (default: from the URL's host)")
    .option('--out <file>', 'the file to write (default: schemas/NAME.graphql)')
    .option('--header <line...>', 'a header to send, such as "authorization: Bearer …"')
    .action(async (flags) => (await import('./cli/init-service.ts')).initService(flags));
}

function addKeyCommands(keys: Command): void {
  storedIn(keys.command('create').description('create a key; it is printed only once'))
    .requiredOption('--owner <name>', 'the owner of the key')
    .option('--scopes <names>', 'its scopes, separated by commas or spaces', words)
    .option('--plan <name>', 'its plan, which rate limits refer to')
    .option('--expires <when>', 'a duration (90d), or an instant (2030-01-31T00:00:00Z)')
    .action(async (flags) => (await import('./cli/keys.ts')).createKey(flags));
  storedIn(keys.command('list').description('list the keys, without the secrets')).action(async (flags) =>
    (await import('./cli/keys.ts')).listKeys(flags),
  );
  storedIn(
    keys.command('revoke').description('reject a key from now on').argument('<id>', 'its id, as in the list'),
  ).action(async (id: string, flags) => (await import('./cli/keys.ts')).revokeKey(id, flags));
}

function storedIn(command: Command): Command {
  return command
    .option('--file <file>', 'the file with the keys')
    .option('--redis <url>', 'the Redis with the keys, instead of a file')
    .option('--key-prefix <text>', 'store.redis.key_prefix (default: headgate)');
}

function words(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

function addBffCommands(program: Command): void {
  const bff = program.command('bff').description('BFF endpoints');
  from(bff.command('types').description('write a typed client, and JSON Schema, for each client of the endpoints'))
    .option('--bff <dir>', 'the folder of BFF endpoints (default: bff)')
    .option('--client <name>', 'only the endpoints of this client')
    .requiredOption('--out <dir>', 'the folder for the files')
    .action(async (flags) => (await import('./cli/bff-types.ts')).bffTypes(flags));

  from(
    program
      .command('check')
      .description('find breaking changes of the schema, and the endpoints and persisted documents that they break'),
  )
    .requiredOption('--against <file>', 'the supergraph SDL before the change')
    .option(
      '--usage [source]',
      'say whom each change breaks: the URL of an admin listener, a Redis URL, or a file of `headgate usage --format json` (default: as the config says)',
    )
    .addOption(
      new Option('--fail-on <changes>', 'with --usage: which breaking changes exit with 1 (default: used)').choices([
        'used',
        'any',
      ]),
    )
    .option('--token <token>', 'the value of admin.token, for --usage (env: HEADGATE_ADMIN_TOKEN)')
    .addOption(configOption())
    .addOption(bffOption())
    .action(async (flags) => (await import('./cli/check.ts')).check(flags));

  from(program.command('usage').description('print which operations and clients use which parts of the schema'))
    .addOption(configOption())
    .option('--field <coordinate>', 'only this one: Product.price, Query.products(first:), Color.RED')
    .option('--client <name>', 'only the uses of this client')
    .option('--unused', 'list what the schema has and nobody uses')
    .option('--deprecated', 'list only what is deprecated')
    .addOption(new Option('--format <format>').choices(['text', 'json']).default('text'))
    .option('--url <url>', 'the admin listener of a running gateway (default: as the config says)')
    .option('--redis <url>', 'the Redis with the counts, with usage.store: redis')
    .option('--file <file>', 'the output of `headgate usage --format json`')
    .option('--token <token>', 'the value of admin.token (env: HEADGATE_ADMIN_TOKEN)')
    .action(async (flags) => (await import('./cli/usage.ts')).usage(flags));

  program
    .command('cache')
    .description('the response cache')
    .command('purge')
    .description('remove cached responses from a running gateway')
    .option('--tag <tag...>', 'an endpoint (mobile/dashboard), a client (client:mobile), or a tag of its own')
    .option('--entity <entity...>', 'an object: Product:p7')
    .option('--subgraph <subgraph...>', 'all values of a subgraph (with --key)')
    .option('--type <type...>', 'all values of a type in a subgraph: products.Product (with --key)')
    .option(
      '--url <url>',
      'the URL of the gateway (http://127.0.0.1:4000), or with --key of its admin listener (http://127.0.0.1:9090)',
    )
    .option('--key <key>', 'the value of response_cache.invalidation.shared_key (env: HEADGATE_CACHE_KEY)')
    .option('--path <path>', 'the value of response_cache.invalidation.path', '/invalidation')
    .option('--token <token>', 'the value of bff.purge_token (env: HEADGATE_PURGE_TOKEN)')
    .action(async (flags) => (await import('./cli/cache.ts')).purgeCache(flags));
}

function serving(command: Command): Command {
  return from(command)
    .addOption(configOption())
    .addOption(bffOption())
    .option('--port <number>', 'the port to listen on, 0 for any free one (default: 4000)', port)
    .option('--host <host>', 'the address to listen on (default: 127.0.0.1)');
}

function from(command: Command): Command {
  return command
    .addOption(schemasOption())
    .option('--supergraph <file>', 'a composed supergraph SDL, instead of schemas');
}

function ofOperation(command: Command): Command {
  return from(command)
    .requiredOption('--query <file>', 'the operation, - for standard input')
    .option('--operation <name>', 'which operation of the file')
    .option('--variables <json>', 'values for @skip and @include');
}

function configOption(): Option {
  return new Option('--config <file>', 'the config file (default: headgate.yaml if it exists)');
}

function bffOption(): Option {
  return new Option('--bff <dir>', 'the folder of BFF endpoints (default: bff if it exists; none with --supergraph)');
}

function schemasOption(): Option {
  return new Option('--schemas <dir>', 'the folder of schemas (default: schemas)');
}

function port(text: string): number {
  const number = parsePort(text);
  if (number === undefined) throw new InvalidArgumentError('Expected a whole number from 0 to 65535.');
  return number;
}

function repeated(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function percent(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !(number >= 0 && number < 100)) {
    throw new InvalidArgumentError('Expected a number from 0 to below 100.');
  }
  return number;
}

function workers(text: string): number {
  if (text === 'auto') return availableParallelism();
  const number = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > MOST_WORKERS) {
    throw new InvalidArgumentError(`Expected auto, or a whole number from 1 to ${MOST_WORKERS}.`);
  }
  return number;
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return version;
}

// the reader has closed the pipe: `headgate compose | head`
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  await buildProgram().parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error);
  // in a worker, the channel to the primary would keep the process alive
  if (process.connected) process.exit();
}
