/** The most bytes, and the most lines, that are read of the headers of one part. */
export const MAX_HEADER_BYTES = 8_192;
export const MAX_HEADERS = 32;

/** Says to clients why a part may be missing that they have sent. */
export const SKIPPED_PARTS = `of a part, ${MAX_HEADERS} headers with ${MAX_HEADER_BYTES} bytes are read`;
