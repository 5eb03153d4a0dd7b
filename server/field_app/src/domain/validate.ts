// A body is validated field by field as the server will validate it, so that nothing is refused days later that could have
// been corrected at once. The rules and their words are generated from the server's own.

import { type Check, contracts, type FieldRule } from "../contracts";
import type { Body } from "../protocol/entry";
import { parseMs } from "../protocol/time";
import { CASE, WORKER } from "./code_kinds";
import { type Asked, USUAL } from "../reference";
import { certificateProblem, companyProblem, isRealDate } from "./certificates";

export type Problems = Record<string, string>;

/** What is wrong, by field; empty when nothing is. `isPartial`: an edit, which brings changed fields only; `asked`: of a person,
 * what this kind of site must know. */
export function problems(kind: string, body: Body, isPartial = false, asked = USUAL): Problems {
  const found: Problems = {};
  for (const [name, field] of Object.entries(contracts.kinds[kind]?.fields ?? {})) {
    if (isPartial && !(name in body)) continue;
    const problem = fieldProblem(field, body[name], mayBeEmpty(name, field, asked));
    if (problem) found[name] = problem;
  }
  for (const [name, message] of Object.entries(together(kind, body, isPartial))) found[name] ??= message;
  return found;
}

/** Whether a field may be left empty. */
export function mayBeEmpty(name: string, field: FieldRule, asked: Asked): boolean {
  return (field.optional && !asked.more.includes(name)) || asked.spared.includes(name);
}

function fieldProblem(field: FieldRule, value: unknown, isOptional: boolean): string {
  if (value === undefined || value === null || value === "") return isOptional ? "" : field.missing;
  for (const check of field.checks) {
    const problem = failed(check, value);
    if (problem) return problem;
  }
  return "";
}

/** What a check says of a value; "" when it holds. */
export function failed(check: Check, value: unknown): string {
  switch (check.rule) {
    case "choice":
      return String(value) in check.words ? "" : check.message;
    case "length":
      return [...String(value)].length <= check.max ? "" : check.message;
    case "range":
      return typeof value === "number" && value >= check.low && value <= check.high ? "" : check.message;
    case "tenths":
      return Math.round(Number(value) * 10) / 10 === value ? "" : check.message;
    case "pattern":
      return new RegExp(check.pattern, "u").test(String(value)) && !String(value).endsWith("\n") ? "" : check.message;
    case "date":
      return isRealDate(String(value)) ? "" : check.message;
    case "instant":
      return isRealInstant(String(value)) ? "" : check.message;
    case "company":
      return companyProblem(String(value));
  }
}

/** A browser reads the 30th of February as a day in March, and hour 24 as the next day. */
function isRealInstant(text: string): boolean {
  return isRealDate(text.slice(0, 10)) && !/T24/.test(text) && parseMs(text) !== null;
}

/** Problems that concern two fields together. */
function together(kind: string, body: Body, isPartial: boolean): Problems {
  const has = (name: string) => body[name] !== undefined && body[name] !== null && body[name] !== "";
  const problemOf = (name: string) => ({ [name]: contracts.together[`${kind}.${name}`]! });
  if (kind === WORKER) {
    const { certificate_type: type, certificate_number: number, entered_on: entered, exited_on: exited } = body;
    const problem = has("certificate_number") && typeof type === "string" ? certificateProblem(type, String(number)) : "";
    const isBefore = has("entered_on") && has("exited_on") && String(exited) < String(entered);
    return { ...(problem && { certificate_number: problem }), ...(isBefore && problemOf("exited_on")) };
  }
  if (kind === CASE && !isPartial && has("outcome") && !has("evidence")) return problemOf("evidence");
  return {};
}
