import type { DocumentNode } from 'graphql';

export interface Comment {
  /** The first line. */
  readonly summary: string;
  readonly text: string;
}

/** What stands in `#` lines at the top of an endpoint's file: that is its documentation. */
export function commentOf(document: DocumentNode): Comment | undefined {
  const lines: string[] = [];
  for (const line of document.loc?.source.body.split('\n') ?? []) {
    const text = /^\s*#\s?(.*)$/.exec(line)?.[1];
    if (text === undefined) break;
    lines.push(text.trimEnd());
  }
  const [summary] = lines;
  return summary ? { summary, text: lines.join('\n') } : undefined;
}
