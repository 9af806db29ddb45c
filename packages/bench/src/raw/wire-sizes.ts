// The bodies of raw frames (bytes), so that these are as long on the wire as our messages, with ids
// such as a session in the middle of its life has; a test compares.

/** A small call. */
export const CALL_BYTES = 13;
export const ANSWER_BYTES = 5;
/** What stands ahead of bytes on their way there, and back. */
export const ECHO_PADDING = 11;
export const ECHOED_PADDING = 3;
