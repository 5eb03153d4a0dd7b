// Certificate numbers and company codes, checked as the server checks them: weights, forms and words are its own.

import { contracts } from "../contracts";

const said = contracts.certificates;
const whole = (form: string) => new RegExp(`^(?:${form})$`, "u");

/** What is wrong with a certificate's number; "" when nothing is. */
export function certificateProblem(type: string, number: string): string {
  const code = problemOf(type, number);
  return code ? (said.problems[code] ?? code) : "";
}

function problemOf(type: string, number: string): string {
  if (type === "id_card") return whole(said.void_form).test(number) ? "void_15_digit" : personProblem(type, number);
  if (type === "hmt_residence") {
    return said.hmt_regions.some((region) => number.startsWith(region)) ? personProblem(type, number) : "hmt_residence_form";
  }
  if (type === "foreign_permanent") return whole(said.foreign_form).test(number) ? "" : "foreign_permanent_form";
  return whole(said.loose_form).test(number) ? "" : "loose_form";
}

function personProblem(type: string, number: string): string {
  if (!whole(said.person_form).test(number)) return `${type}_form`;
  if (!isRealDate(`${number.slice(6, 10)}-${number.slice(10, 12)}-${number.slice(12, 14)}`)) return "birth_date";
  const sum = said.person_weights.reduce((total, weight, i) => total + weight * Number(number[i]), 0);
  return said.person_checks[sum % 11] === number[17] ? "" : "check_character";
}

/** What is wrong with a 统一社会信用代码; "" when nothing is. */
export function companyProblem(code: string): string {
  if (!whole(said.company_form).test(code)) return said.problems["company_form"]!;
  const sum = said.company_weights.reduce((total, weight, i) => total + weight * said.company_alphabet.indexOf(code[i]!), 0);
  const check = said.company_alphabet[(31 - (sum % 31)) % 31];
  return check === code[17] ? "" : said.problems["company_check_character"]!;
}

/** Whether `YYYY-MM-DD` names a day of the calendar. */
export function isRealDate(text: string): boolean {
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 10) === text && !text.startsWith("0000");
}
