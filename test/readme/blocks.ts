/** A fenced block of a Markdown file, or a `<!-- word … -->` comment that tells the test what a reader does by hand. */
export interface Block {
  /** Where it stands: `README.md:12`. */
  readonly at: string;
  /** The words after the fence: `sh run eventually` is the language `sh` and two words for the test. */
  readonly language: string;
  readonly words: readonly string[];
  readonly text: string;
}

const FENCE = /^```(.*)\n([\s\S]*?)^```$/gm;
const COMMENT = /^<!-- (\w+) (\d+) -->$/gm;

/** All blocks in the order in which a reader meets them. */
export function readBlocks(file: string, markdown: string): Block[] {
  const at = (index: number) => `${file}:${markdown.slice(0, index).split('\n').length}`;
  const fences = [...markdown.matchAll(FENCE)].map((match) => {
    const [language = '', ...words] = (match[1] ?? '').trim().split(/\s+/);
    return { index: match.index, block: { at: at(match.index), language, words, text: (match[2] ?? '').trimEnd() } };
  });
  const comments = [...markdown.matchAll(COMMENT)].map((match) => ({
    index: match.index,
    block: { at: at(match.index), language: 'by-hand', words: [match[1] ?? ''], text: match[2] ?? '' },
  }));
  return [...fences, ...comments].sort((left, right) => left.index - right.index).map(({ block }) => block);
}

/** Something for the test to do: run a block, or act by hand; with what the file says that comes of it. */
export interface Step extends Block {
  readonly shows: Block | undefined;
}

/** Joins what is run with the `shows` block that follows it. */
export function readSteps(blocks: readonly Block[]): Step[] {
  return blocks.flatMap((block, index) => {
    if (block.words.includes('shows')) return [];
    const next = blocks[index + 1];
    return [{ ...block, shows: next?.words.includes('shows') ? next : undefined }];
  });
}
