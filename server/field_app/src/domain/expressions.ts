// Typed trees of forms, evaluated as the server does (schemas/expressions/evaluate.py): total, with exact numbers that
// compare as rounded to 6 decimals, half up. The server has parsed and typed them; schemas/expressions/check.py lists the
// nodes. Nothing is imported here, so that a test can run this file by itself.

export type Tree = readonly [op: string, ...parts: (Tree | string | number)[]];
type Numeric = readonly [over: bigint, under: bigint]; // `under` is positive
type Value = Numeric | string | boolean | readonly string[] | object | null;

export interface Env {
  values: Record<string, unknown>;
  calculated?: Record<string, Value>;
  own?: unknown;
  today?: string | undefined;
  rule?: (code: string) => number | null;
}

const NUMBER_MAX = 1_000_000_000n;
const MICRO = 1_000_000n;
const INSTANT = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/** The value of a tree; null: missing. Numbers stay exact: `shown` gives them as people see them. */
export function evaluate(tree: Tree, env: Env): Value {
  const [op, ...parts] = tree;
  const at = (i: number): Value => evaluate(parts[i] as Tree, env);
  const number = (i: number): Numeric | null => at(i) as Numeric | null;
  switch (op) {
    case "field":
      return read(env.values[parts[0] as string], parts[1] as string);
    case "self":
      return read(env.own, parts[0] as string);
    case "calculated":
      return env.calculated?.[parts[0] as string] ?? null;
    case "number":
      return exact(parts[0]);
    case "text":
    case "instant":
      return parts[0] as string;
    case "unanswered":
      return at(0) === null;
    case "answered":
      return at(0) !== null;
    case "and":
      return parts.every((_, i) => at(i) === true);
    case "or":
      return parts.some((_, i) => at(i) === true);
    case "not":
      return at(0) !== true;
    case "neg":
      return negated(number(0));
    case "+":
    case "-":
    case "*":
    case "div":
      return calculated(op, number(0), number(1));
    case "selected":
      return ((at(0) as readonly string[] | null) ?? []).includes(parts[1] as string);
    case "count":
      return counted(at(0) as readonly string[] | null);
    case "coalesce":
      return at(0) ?? at(1);
    case "if":
      return at(0) === true ? at(1) : at(2);
    case "today":
      return read(env.today, "date");
    case "rule":
      return exact(env.rule?.(parts[0] as string));
    case "days":
      return daysBetween(at(0) as string | null, at(1) as string | null);
    case "minutes":
      return minutesBetween(parts[0] as string, evaluate(parts[1] as Tree, env), evaluate(parts[2] as Tree, env));
    default:
      return compared(op, parts[0] as string, evaluate(parts[1] as Tree, env), evaluate(parts[2] as Tree, env));
  }
}

/** Whether a condition holds. */
export function holds(tree: Tree, env: Env): boolean {
  return evaluate(tree, env) === true;
}

/** A value as people and vectors see it. */
export function shown(value: Value): unknown {
  return isNumeric(value) ? Number(micros(value)) / 1e6 : value;
}

function isNumeric(value: Value): value is Numeric {
  return Array.isArray(value) && typeof value[0] === "bigint";
}

function read(value: unknown, as: string): Value {
  if (value === undefined || value === null) return null;
  switch (as) {
    case "number":
      return exact(value);
    case "ack":
      return value === true ? "OK" : null;
    case "choices":
      return Array.isArray(value) && value.length > 0 ? (value as string[]) : null;
    case "any":
      return value === "" || (Array.isArray(value) && value.length === 0) ? null : (value as object);
  }
  if (typeof value !== "string" || value === "") return null;
  const isRight = as === "date" ? dayOf(value) !== null : as === "time" ? isTime(value) : as === "instant" ? microsOf(value) !== null : true;
  return isRight ? value : null;
}

/** A number of JSON without the error of a double: by its shortest digits. */
function exact(value: unknown): Numeric | null {
  if (typeof value !== "number" || !(Math.abs(value) <= Number(NUMBER_MAX))) return null;
  const [digits = "", exponent = "0"] = String(value).split("e");
  const [whole = "", fraction = ""] = digits.split(".");
  const places = BigInt(fraction.length - Number(exponent));
  const over = BigInt(whole + fraction);
  return places >= 0n ? [over, 10n ** places] : [over * 10n ** -places, 1n];
}

function bounded([over, under]: Numeric): Numeric | null {
  const size = over < 0n ? -over : over;
  return size <= NUMBER_MAX * under ? [over, under] : null;
}

function negated(value: Numeric | null): Numeric | null {
  return value && [-value[0], value[1]];
}

function calculated(op: string, a: Numeric | null, b: Numeric | null): Numeric | null {
  if (a === null || b === null) return null;
  if (op === "*") return bounded([a[0] * b[0], a[1] * b[1]]);
  if (op === "+") return bounded([a[0] * b[1] + b[0] * a[1], a[1] * b[1]]);
  if (op === "-") return bounded([a[0] * b[1] - b[0] * a[1], a[1] * b[1]]);
  if (b[0] === 0n) return null;
  const sign = b[0] < 0n ? -1n : 1n;
  return bounded([sign * a[0] * b[1], sign * a[1] * b[0]]);
}

function counted(names: readonly string[] | null): Numeric | null {
  return names && [BigInt(names.length), 1n];
}

/** Divided downwards, as BigInt does not. */
function floored(over: bigint, under: bigint): bigint {
  const towardsZero = over / under;
  return over % under !== 0n && over < 0n ? towardsZero - 1n : towardsZero;
}

/** In millionths, half up. */
function micros([over, under]: Numeric): bigint {
  return floored(2n * over * MICRO + under, 2n * under);
}

function compared(op: string, by: string, a: Value, b: Value): boolean {
  if (a === null || b === null) return false;
  const key = (value: Value): bigint | string =>
    by === "number" ? micros(value as Numeric) : by === "instant" ? (microsOf(value as string) ?? 0n) : (value as string);
  const [x, y] = [key(a), key(b)];
  switch (op) {
    case "=":
      return x === y;
    case "!=":
      return x !== y;
    case "<":
      return x < y;
    case "<=":
      return x <= y;
    case ">":
      return x > y;
    default:
      return x >= y;
  }
}

/** The number of a day, counted from one long ago; null for what is no day of the calendar. */
function dayOf(text: string): bigint | null {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || text < "0001") return null;
  const ms = Date.parse(`${text}T00:00:00Z`);
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text) return null;
  return BigInt(ms / 86_400_000);
}

function isTime(text: string): boolean {
  return /^([01]\d|2[0-3]):[0-5]\d$/.test(text);
}

/** An instant in microseconds; null for what is none. */
function microsOf(text: string): bigint | null {
  const found = INSTANT.exec(text);
  const day = found && dayOf(found[1]!);
  if (!found || day === null) return null;
  const offset = found[6] ? BigInt(Number(found[7]) * 60 + Number(found[8])) * (found[6] === "+" ? 1n : -1n) : 0n;
  const minutes = day * 1440n + BigInt(Number(found[2]) * 60 + Number(found[3])) - offset;
  return (minutes * 60n + BigInt(found[4]!)) * MICRO + BigInt((found[5] ?? "").padEnd(6, "0"));
}

function daysBetween(a: string | null, b: string | null): Numeric | null {
  return a === null || b === null ? null : [dayOf(b)! - dayOf(a)!, 1n];
}

function minutesBetween(by: string, a: Value, b: Value): Numeric | null {
  if (typeof a !== "string" || typeof b !== "string") return null;
  if (by !== "time") return bounded([floored(microsOf(b)! - microsOf(a)!, 60n * MICRO), 1n]);
  const minute = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
  return [BigInt((minute(b) - minute(a) + 1440) % 1440), 1n];
}
