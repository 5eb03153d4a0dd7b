// A trace of the enrolment outside of the database: a browser that is short of space throws away the database whole, and
// what it held must not be lost in silence.

const NAME = "gongdi-enrolled";

export function leaveMarker(): void {
  globalThis.localStorage?.setItem(NAME, "1");
}

export function removeMarker(): void {
  globalThis.localStorage?.removeItem(NAME);
}

/** Whether this browser was enrolled, though its database may not know. */
export function hasMarker(): boolean {
  return globalThis.localStorage?.getItem(NAME) === "1";
}
