// One field of a form as its contract has it: a list to choose from, a day, a number, yes or no, or text.

import { choices, contracts, type FieldRule } from "../../contracts";
import { observedMs } from "../../domain/backfill";
import type { Body } from "../../protocol/entry";
import { wallText } from "../../protocol/time";
import { Choice, YES_NO, yesNo } from "./choice";
import { Field, numberOf } from "./field";

interface Props {
  kind: string;
  name: string;
  body: Body;
  wrong: Record<string, string>;
  set: (changes: Body) => void;
  isOptional?: boolean; // where that is not what the contract says
}

export function FormField(props: Props) {
  const { kind, name, body, set } = props;
  const rule = contracts.kinds[kind]!.fields[name]!;
  if (rule.type === "boolean") {
    const title = `${rule.title}${(props.isOptional ?? rule.optional) ? " (可不选)" : ""}`;
    const choose = (value: string) => set({ [name]: yesNo.value(value) });
    return <Choice title={title} options={YES_NO} canBeNone value={yesNo.text(body[name])} onChange={choose} />;
  }
  const options = choices(kind, name);
  if (Object.keys(options).length > 0) return <Field {...props} options={options} />;
  if (rule.type === "number" || rule.type === "integer") return <Field {...props} read={numberOf} mode="decimal" />;
  if (has(rule, "date")) return <Field {...props} isDay />;
  if (has(rule, "instant")) return <Field {...props} isInstant read={instantOf} />;
  return <Field {...props} mode={rule.keys ?? "text"} />;
}

function has(rule: FieldRule, check: string): boolean {
  return rule.checks.some((one) => one.rule === check);
}

function instantOf(typed: string): string {
  const ms = observedMs(typed);
  return ms === null ? "" : wallText(ms);
}
