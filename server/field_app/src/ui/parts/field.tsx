// One field of a form, with its title and limits from the contracts, and what is wrong with it below.

import { contracts } from "../../contracts";
import { observedText } from "../../domain/backfill";
import { dictatedCode, dictatedText } from "../../domain/dictated";
import type { Body } from "../../protocol/entry";
import { parseMs } from "../../protocol/time";

/** What lets people speak Chinese into a field: it is one of text, in Chinese, and nothing cuts or corrects what comes. */
export const SAID = { lang: "zh-CN", autocomplete: "off", autocapitalize: "off", enterkeyhint: "next" } as const;

interface Props {
  kind: string;
  name: string;
  body: Body;
  wrong: Record<string, string>;
  set: (changes: Body) => void;
  read?: (text: string) => unknown; // what is typed, as the body has it
  isDay?: boolean;
  isInstant?: boolean;
  mode?: "text" | "decimal" | "numeric" | "tel";
  options?: Record<string, string>;
  isOptional?: boolean;
}

export function Field({ kind, name, body, wrong, set, read = plain, isDay, isInstant, mode = "text", options, isOptional }: Props) {
  const rule = contracts.kinds[kind]!.fields[name]!;
  const value = isInstant ? observedText(parseMs(body[name])) : String(body[name] ?? "");
  const onInput = (event: Event & { currentTarget: { value: string } }) => set({ [name]: read(event.currentTarget.value) });
  return (
    <label class={wrong[name] ? "field is-wrong" : "field"}>
      <span>
        {rule.title}
        {rule.hint && <small> {rule.hint}</small>}
        {(isOptional ?? rule.optional) && <small> 可不填</small>}
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
      ) : isDay ? (
        <input type="date" {...{ name, value, onInput }} />
      ) : isInstant ? (
        <input type="datetime-local" {...{ name, value, onInput }} />
      ) : (
        <input type="text" {...{ name, value, onInput, inputMode: mode }} {...SAID} />
      )}
      {wrong[name] && (
        <span class="wrong" role="alert">
          {wrong[name]}
        </span>
      )}
    </label>
  );
}

function plain(text: string): string {
  return dictatedText(text);
}

/** A typed number; text that is none stays text, and is judged as such. */
export function numberOf(text: string): unknown {
  const typed = dictatedCode(text).trim();
  return typed === "" ? "" : Number.isNaN(Number(typed)) ? text : Number(typed);
}
