/** Most elements one list, set, map or array of zero-size values may announce (count). */
export const MAX_ELEMENTS = 1 << 24;

/** Deepest nesting of composite values, encoding and decoding (count). */
export const MAX_DEPTH = 128;
