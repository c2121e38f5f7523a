import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { SERVICE_NAMES, type ServiceName } from '../../subgraphs/services.ts';
import { startServices } from '../../subgraphs/start.ts';

/** Runs a program to its end; its output, or an error with all that it wrote. */
export function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${program} ${args.join(' ')}\n${error.message}\n${stdout}\n${stderr}`));
      else resolve(stdout);
    });
  });
}

/** An empty folder, gone when the test is over. */
export function emptyFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-proof-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Packages as npm has them, installed once for each list of them and kept for the next run. */
export async function withPackages(packages: readonly string[]): Promise<string> {
  const dir = join(tmpdir(), `headgate-proof-tools-${packages.join('+').replaceAll(/[^\w.+-]/g, '_')}`);
  if (existsSync(join(dir, 'installed'))) return dir;
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'package.json'), '{ "private": true, "type": "module" }');
  await run('npm', ['install', '--no-audit', '--no-fund', '--save-exact', ...packages], dir);
  writeFileSync(join(dir, 'installed'), '');
  return dir;
}

/** The demo on real sockets: its services and the gateway. Services that are `down` do not listen. */
export async function startShop(down: readonly ServiceName[] = []): Promise<string> {
  const ports = Object.fromEntries(SERVICE_NAMES.map((name) => [name, 0]));
  const demo = await startServices(SERVICE_NAMES, { ports });
  onTestFinished(() => demo.close());
  const urls = SERVICE_NAMES.map((name): [string, string] => {
    const url = down.includes(name) ? 'http://127.0.0.1:1/graphql' : demo.services[name].url;
    return [`${name.toUpperCase()}_URL`, url];
  });
  const env = { ...process.env, ...Object.fromEntries(urls), NODE_ENV: 'development' };
  const gateway = spawn(process.execPath, ['--import', 'tsx', 'src/cli.ts', 'start', '--port', '0'], { env });
  onTestFinished(() => void gateway.kill());
  return originOf(gateway);
}

function originOf(gateway: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let written = '';
    const read = (chunk: Buffer) => {
      written += chunk;
      const found = /Headgate listening on (http:\/\/[\d.:]+)\/graphql/.exec(written);
      if (found) resolve(found[1] as string);
    };
    gateway.stdout?.on('data', read);
    gateway.stderr?.on('data', read);
    gateway.once('exit', (code) => reject(new Error(`The gateway ended with ${code}:\n${written}`)));
  });
}

/** Writes the document of a running gateway to a file. */
export async function saveDocument(origin: string, path: string, file: string): Promise<void> {
  const response = await fetch(origin + path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  writeFileSync(file, await response.text());
}

/** Generates a Kotlin client from a document, compiles it with one of the programs in `kotlin/`, and runs that. */
export async function runKotlin(program: string, document: string, args: readonly string[]): Promise<string[]> {
  const dir = emptyFolder();
  cpSync(new URL('kotlin/', import.meta.url), dir, { recursive: true });
  const output = await run(
    'mvn',
    [
      ...['-q', 'compile', 'exec:java', `-Dspec=${document}`, `-Dprogram=${join(dir, program)}`],
      ...['-DmainClass=MainKt', `-Dexec.args=${args.join(' ')}`],
    ],
    dir,
  );
  // The generator writes its own log between.
  return output.split('\n').filter((line) => /^\w+ /.test(line));
}

const GENERATOR = 'openapi-generator-cli-7.24.0.jar';

/** Generates a client of another kind from a document. */
export async function openApiGenerator(generator: string, document: string, out: string): Promise<void> {
  const dir = join(tmpdir(), 'headgate-proof-tools-openapi-generator');
  if (!existsSync(join(dir, GENERATOR))) {
    mkdirSync(dir, { recursive: true });
    const artifact = '-Dartifact=org.openapitools:openapi-generator-cli:7.24.0';
    await run('mvn', ['-q', 'dependency:copy', artifact, `-DoutputDirectory=${dir}`], dir);
  }
  await run('java', ['-jar', join(dir, GENERATOR), 'generate', '-i', document, '-g', generator, '-o', out], dir);
}
