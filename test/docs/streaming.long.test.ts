import { describe } from 'vitest';
import { followDocument } from '../readme/document.ts';

describe('what docs/streaming.md says, in its order', () => {
  followDocument('docs/streaming.md', { atLeast: 3 });
});
