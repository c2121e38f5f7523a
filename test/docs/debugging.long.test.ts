import { describe } from 'vitest';
import { followDocument } from '../readme/document.ts';

describe('what docs/debugging.md says, in its order', () => {
  followDocument('docs/debugging.md', { atLeast: 8 });
});
