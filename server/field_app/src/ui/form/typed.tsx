// A field that is typed, or chosen from a list that is unfolded.

import { observedMs, observedText } from "../../domain/backfill";
import { dictatedCode, dictatedText } from "../../domain/dictated";
import type { FormItem } from "../../domain/form";
import { parseMs, wallText } from "../../protocol/time";
import { numberOf, SAID } from "../parts/field";
import { type AskedProps, Extra } from "./titled";

type Props = AskedProps & { wrong?: string; options?: Record<string, string> };

export function Typed({ item, body, walked, said, set, options }: Props) {
  const { name, label, unit, hint } = item;
  const problem = said(name);
  const value = textOf(item, body[name]);
  const onInput = (event: Event & { currentTarget: { value: string } }) => set({ [name]: valueOf(item, event.currentTarget.value) });
  const isOptional = !walked.required.has(name);
  return (
    <label class={problem ? "field is-wrong" : "field"}>
      <span>
        {label}
        {unit && ` (${unit})`}
        <Extra hint={hint} isOptional={isOptional} />
      </span>
      {options ? (
        <select name={name} value={value} onChange={onInput}>
          <option value="">请选择</option>
          {Object.entries(options).map(([code, title]) => (
            <option key={code} value={code}>
              {title}
            </option>
          ))}
        </select>
      ) : (
        <input {...controlOf(item)} {...{ name, value, onInput }} {...SAID} aria-invalid={problem ? true : undefined} />
      )}
      {problem && (
        <span class="wrong" role="alert">
          {problem}
        </span>
      )}
    </label>
  );
}

function controlOf({ type, pattern, low = 0 }: FormItem) {
  if (type === "date") return { type: "date" } as const;
  if (type === "time") return { type: "time" } as const;
  if (type === "dateTime") return { type: "datetime-local" } as const;
  const isNumber = type === "integer" || type === "decimal";
  const isSigned = low < 0 && low > -1e9; // some keyboards for numbers have no minus
  if (isNumber) return { type: "text", inputMode: isSigned ? "text" : type === "integer" ? "numeric" : "decimal" } as const;
  return { type: "text", inputMode: pattern === "phone" ? "tel" : "text" } as const;
}

function textOf({ type }: FormItem, value: unknown): string {
  return type === "dateTime" ? observedText(parseMs(value)) : String(value ?? "");
}

/** What is typed, as the body has it: people write plates with small letters, and numbers with spaces. */
function valueOf({ type, pattern }: FormItem, typed: string): unknown {
  if (type === "integer" || type === "decimal") return numberOf(typed);
  if (type === "dateTime") {
    const ms = observedMs(typed);
    return ms === null ? "" : wallText(ms);
  }
  if (pattern === "phone") return dictatedCode(typed).replaceAll(/[\s-]/g, "").replace(/^\+?86(?=1)/, "");
  return pattern === "plate" || pattern === "credit_code" ? dictatedCode(typed).replaceAll(/[\s·-]/g, "").toUpperCase() : dictatedText(typed);
}
