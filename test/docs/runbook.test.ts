import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { everyMetric } from '../../docs/telemetry.gen.ts';
import { usedMetrics } from '../dashboards/expressions.ts';
import { readBlocks } from '../readme/blocks.ts';

const ROOT = join(import.meta.dirname, '../..');
const FILE = join(ROOT, 'docs/runbook.md');
const markdown = readFileSync(FILE, 'utf8');
const blocks = readBlocks('docs/runbook.md', markdown);

/** The anchors of the headings of a page, as GitHub makes them. */
function anchorsOf(file: string): string[] {
  const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

// test/faults/on-call.long.test.ts runs its commands
describe('docs/runbook.md', () => {
  it('reads metrics that exist, with labels that they have', async () => {
    const known = new Map((await everyMetric()).map(({ name, labels }) => [name, labels]));
    known.set('up', []).set('nodejs_gc_duration_seconds', ['kind']);
    const queries = blocks.filter(({ language }) => language === 'promql').flatMap(({ text }) => text.split('\n'));
    const inText = [...markdown.matchAll(/`([^`\n]*\b(?:headgate|nodejs|process)_[a-z][^`\n]*)`/g)].map(
      ([, code = '']) => code,
    );
    expect(queries.length).toBeGreaterThan(40);
    const wrong = [...queries, ...inText].flatMap((query) =>
      usedMetrics(query).flatMap(({ name, labels }) => {
        const missing = labels.filter((label) => !known.get(name)?.includes(label));
        return known.has(name) && missing.length === 0 ? [] : `${name} ${missing}: ${query}`;
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('links lead to files and to headings', () => {
    const links = [...markdown.matchAll(/\]\((?!http)([^)#]*)(?:#([^)]+))?\)/g)];
    expect(links.length).toBeGreaterThan(40);
    const broken = links.filter(([, file, anchor]) => {
      const target = file ? join(dirname(FILE), file) : FILE;
      return anchor !== undefined && !anchorsOf(target).includes(anchor);
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });

  it('quotes lines that the log has', () => {
    const src = join(ROOT, 'src');
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const sources = files.map((file) => readFileSync(join(src, file), 'utf8')).join('\n');
    const commands = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text);
    const quoted = commands.flatMap((text) => [
      ...text.matchAll(/\.msg (?:==|\| startswith\() ?"([^"]+)"|startswith\("([^"]+)"\)/g),
    ]);
    const messages = quoted.map(([, equal, start]) => equal ?? start ?? '');
    expect(messages).toContain('subgraph recovered');
    expect(messages.filter((message) => !sources.includes(message))).toEqual([]);
  });

  it('has each part that an alert needs', () => {
    const sections = markdown.split(/^## (?=Headgate)/m).slice(1);
    for (const section of sections) {
      const [heading = ''] = section.split('\n');
      const parts = [...section.matchAll(/^\*\*([^*]+)\*\*/gm)].map(([, part = '']) => part);
      const all = parts.join(' ').toLowerCase();
      for (const part of ['means', 'look', 'causes', 'do', 'over']) expect(all, heading).toContain(part);
    }
    expect(sections.length).toBeGreaterThan(20);
  });
});
