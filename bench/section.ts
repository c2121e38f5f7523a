import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

/**
 * Writes what stands in the page between `<!-- NAME -->` and `<!-- end of NAME -->`; a page that is not there is begun.
 * @throws Error where the page has no such lines
 */
export function writeSection(file: string, name: string, text: string): void {
  const [first, last] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const page = existsSync(file) ? readFileSync(file, 'utf8') : `${first}\n${last}\n`;
  const begin = page.indexOf(first);
  const end = page.indexOf(last);
  if (begin < 0 || end < begin)
    throw new Error(`${file}: expected the lines "${first}" and "${last}" around what is written`);
  writeFileSync(file, `${page.slice(0, begin + first.length)}\n${text}\n${page.slice(end)}`);
}

/** When and on what it was measured. */
export function machine(pinned: boolean): string {
  const where = pinned ? 'the gateway alone on one core, load and subgraphs on another' : 'nothing pinned to cores';
  const [{ model } = { model: 'unknown CPU' }] = cpus();
  return `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${cpus().length} × ${model}, ${where}`;
}
