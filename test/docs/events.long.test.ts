import { describe } from 'vitest';
import { followDocument } from '../readme/document.ts';

describe('what docs/events.md says, in its order', () => {
  followDocument('docs/events.md', { atLeast: 3 });
});
