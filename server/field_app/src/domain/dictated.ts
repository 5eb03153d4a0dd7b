// What a keyboard that listens brings: full-width digits, a full stop after every phrase, lines where there are none.

/** A sentence in one line: no body takes a line end. */
export function dictatedText(typed: string): string {
  return typed.replaceAll(/[\r\n\t\u2028\u2029]+/g, " ");
}

/** A number or a code as it would have been typed: narrow characters, and no full stop at the end. */
export function dictatedCode(typed: string): string {
  return typed.normalize("NFKC").replace(/[。，,]\s*$/, "");
}
