#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { reportFailure } from './cli/failure.ts';
import { parsePort } from './config/port.ts';

const MOST_WORKERS = 1024;

/** Each verb's file is loaded only when the verb is called, so that `--help` and a bad flag answer at once. */
function buildProgram(): Command {
  const program = new Command('headgate')
    .description('A GraphQL federation gateway with backends for frontends')
    .version(packageVersion(), '-V, --version')
    .showHelpAfterError('(--help lists what is known)')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));

  serving(program.command('start').description('serve the graph'))
    .option('--workers <number>', 'processes that share the port, auto for one a core (default: 1)', workers)
    .action(async (flags) => (await import('./cli/start.ts')).start(flags));
  serving(program.command('dev').description('serve, and take up changes of schemas, endpoints and config'))
    .option('--demo', 'also start the services of the demo')
    .action(async (flags) => (await import('./cli/dev.ts')).dev(flags));

  program
    .command('compose')
    .description('print the supergraph SDL that the schemas make')
    .addOption(schemasOption().default('schemas'))
    .option('--out <file>', 'write to a file instead of standard output')
    .action(async (flags) => (await import('./cli/compose.ts')).compose(flags));

  from(program.command('plan').description('print how an operation is planned'))
    .requiredOption('--query <file>', 'the operation, - for standard input')
    .option('--operation <name>', 'which operation of the file')
    .option('--variables <json>', 'values for @skip and @include')
    .option('--stage <name>', 'what one stage of the planner made of it, instead of the plan')
    .addOption(new Option('--format <format>').choices(['text', 'json', 'mermaid']).default('text'))
    .action(async (flags) => (await import('./cli/plan.ts')).plan(flags));

  from(program.command('validate').description('check config, schemas and endpoints; list every problem'))
    .option('--config <file>', 'the config file (default: headgate.yaml where there is one)')
    .option('--bff <dir>', 'the folder of BFF endpoints (default: bff where there is one; none with --supergraph)')
    .action(async (flags) => (await import('./cli/validate.ts')).validate(flags));

  program
    .command('init')
    .description('write a small project')
    .argument('[dir]', 'where to', '.')
    .action(async (dir: string) => (await import('./cli/init.ts')).init(dir));

  program
    .command('config')
    .description('about headgate.yaml')
    .command('schema')
    .description('print its JSON schema, for editors')
    .action(async () => (await import('./cli/config-schema.ts')).configSchema());
  return program;
}

function serving(command: Command): Command {
  return from(command)
    .option('--config <file>', 'the config file (default: headgate.yaml where there is one)')
    .option('--bff <dir>', 'the folder of BFF endpoints (default: bff where there is one; none with --supergraph)')
    .option('--port <number>', 'the port to listen on, 0 for any free one (default: 4000)', port)
    .option('--host <host>', 'the address to listen on (default: 127.0.0.1)');
}

function from(command: Command): Command {
  return command
    .addOption(schemasOption())
    .option('--supergraph <file>', 'a supergraph SDL that is composed already, instead of schemas');
}

function schemasOption(): Option {
  return new Option('--schemas <dir>', 'the folder of schemas (default: schemas)');
}

function port(text: string): number {
  const number = parsePort(text);
  if (number === undefined) throw new InvalidArgumentError('Expected a whole number from 0 to 65535.');
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

// Whoever read our output has read enough: `headgate compose | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  await buildProgram().parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error);
}
