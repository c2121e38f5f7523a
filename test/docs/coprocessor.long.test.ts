import { describe } from 'vitest';
import { PROGRAMS } from '../programs.ts';
import { followDocument } from '../readme/document.ts';

describe.skipIf(!PROGRAMS.python3)('what docs/coprocessor.md says, in its order', () => {
  followDocument('docs/coprocessor.md', { atLeast: 10 });
});
