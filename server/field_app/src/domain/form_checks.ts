// What a value of a form is by itself, as schemas/forms/body_schema.py has it. Patterns and their words are generated.

import { choicesOf, type Form, type FormItem } from "./form";
import { said, wasCode } from "./form_contracts";
import { failed } from "./validate";

const CODES = ["areas", "items"]; // any other file holds ids, as `workers` does
const POINT = [
  ["latitude_deg", 90],
  ["longitude_deg", 180],
] as const;

/** What is wrong with a value that is there; "" when nothing is. */
export function valueProblem(form: Form, item: FormItem, value: unknown): string {
  switch (item.type) {
    case "text":
      return textProblem(item, value);
    case "integer":
    case "decimal":
      return numberProblem(item, value);
    case "date":
    case "time":
    case "dateTime":
      return patternProblem(item.type, value);
    case "acknowledge":
      if (typeof value !== "boolean") return "这里应为 true 或 false。";
      return value ? "" : "确认项只能是 true, 没有确认就不要填写。";
    case "geopoint":
      return isPoint(value) ? "" : "定位不完整, 请重新定位。";
    case "select_one":
      return isOpen(form, item) ? patternProblem("items", value) : choiceProblem(form, item, value);
    case "select_multiple": {
      const names = choicesOf(form, item);
      return severalProblem(value, names.length, (one) => choiceProblem(form, item, one));
    }
    case "image":
    case "file":
      return severalProblem(value, item.max ?? 1, (one) => patternProblem("hash", one));
    default:
      return patternProblem(CODES.includes(item.file ?? "") ? item.file! : "workers", value);
  }
}

function textProblem({ max = 0, pattern }: FormItem, value: unknown): string {
  if (pattern) return patternProblem(pattern, value);
  if (typeof value === "string" && [...value].length > max) return `最多 ${max} 个字, 请缩短。`;
  return patternProblem("text", value);
}

function patternProblem(checks: string, value: unknown): string {
  if (typeof value !== "string") return "这里应为文字 (加引号)。";
  if (/\p{Surrogate}/u.test(value)) return "有无法识别的字符, 请重新填写。";
  const failing = said.checks[checks]!.map((check) => failed(check, value));
  return failing.find(Boolean) ?? "";
}

function numberProblem(item: FormItem, value: unknown): string {
  const isWhole = item.type === "integer";
  if (typeof value !== "number" || !Number.isFinite(value)) return isWhole ? "这里应为整数。" : "这里应为数字。";
  if (isWhole && !Number.isInteger(value)) return "这里应为整数。";
  const { low = 0, high = 0 } = item;
  if (value < low || value > high) return rangeText(item, low, high);
  return isWhole ? "" : decimalsProblem(item.decimals, value);
}

/** The form's own words, where it has any for its bounds. */
function rangeText(item: FormItem, low: number, high: number): string {
  if (!item.constraint && item.constraint_message) return item.constraint_message;
  return item.type === "integer" ? `应为 ${Math.ceil(low)} 到 ${Math.floor(high)} 之间的整数。` : `应在 ${low} 到 ${high} 之间, 请检查后重新填写。`;
}

function decimalsProblem(decimals: FormItem["decimals"], value: number): string {
  if (typeof decimals !== "number" || Number(value.toFixed(decimals)) === value) return "";
  if (decimals === 0) return "应为整数, 不带小数。";
  return decimals === 1 ? "最多保留一位小数。" : `最多保留 ${decimals} 位小数。`;
}

function isPoint(value: unknown): boolean {
  const point = (typeof value === "object" ? value : null) as Record<string, unknown> | null;
  if (!point || Object.keys(point).length !== POINT.length + 1) return false;
  const within = (of: unknown, low: number, high: number) => typeof of === "number" && of >= low && of <= high;
  return POINT.every(([name, most]) => within(point[name], -most, most)) && within(point["accuracy_m"], 0, said.limits.accuracy_m);
}

/** Of the forms that were code before, the kinds of places are reference data: there may be more than the form lists. */
export function isOpen(form: Form, item: FormItem): boolean {
  return item.list === "place" && wasCode(form);
}

function choiceProblem(form: Form, item: FormItem, value: unknown): string {
  const names = choicesOf(form, item).map(({ name }) => name);
  return names.includes(value as string) ? "" : `只能是这几个之一: ${names.join(", ")}。`;
}

function severalProblem(value: unknown, most: number, problemOf: (one: unknown) => string): string {
  if (!Array.isArray(value)) return "这里应为 JSON 数组。";
  const inside = value.map(problemOf).find(Boolean);
  if (inside) return inside;
  if (value.length < 1 || value.length > most) return `应有 1 到 ${most} 项。`;
  return new Set(value).size < value.length ? "有重复的, 每个只写一次。" : "";
}
