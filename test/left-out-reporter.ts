import { relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';
import { PROGRAMS } from './programs.ts';

/** Prints at the end which tests were skipped, and which programs are missing for them. */
export default class LeftOutReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines = modules.flatMap((module) => {
      const names = [...module.children.allTests('skipped')].map(({ fullName }) => fullName);
      return names.map((name) => `  ${relative('', module.moduleId)}  ${name}`);
    });
    if (lines.length === 0) return;
    const missing = Object.entries(PROGRAMS).flatMap(([name, there]) => (there ? [] : [name]));
    const why = missing.length === 0 ? '' : ` These programs are missing: ${missing.join(', ')}.`;
    console.log(`\nLeft out: ${lines.length} tests.${why}\n${lines.join('\n')}\n`);
  }
}
