import { readFileSync, writeFileSync } from 'node:fs';

const DOCUMENT = new URL('../../docs/planner-quality.md', import.meta.url);

/**
 * Replaces what stands between `<!-- NAME -->` and `<!-- end of NAME -->` in docs/planner-quality.md.
 * @throws Error when the document has no such section
 */
export function writeSection(name: string, text: string): void {
  const document = readFileSync(DOCUMENT, 'utf8');
  const begin = `<!-- ${name} -->\n`;
  const end = `<!-- end of ${name} -->`;
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from)
    throw new Error(`docs/planner-quality.md has no section between ${begin.trim()} and ${end}`);
  writeFileSync(DOCUMENT, `${document.slice(0, from + begin.length)}\n${text}\n${document.slice(to)}`);
}
