// One of a list that is not the form's: people, records of another kind, codes of reference data.

import { present, personOf } from "../../domain/people";
import type { Form, FormItem } from "../../domain/form";
import { localTime } from "../../protocol/time";
import { begunAt } from "../../store/begun";
import type { FieldDatabase } from "../../store/database";
import { isStanding, listed } from "../../store/view";
import { PersonPicker } from "../parts/person_picker";
import { whenText } from "../parts/when";
import { useLive, useSession } from "../session";
import { type AskedProps, Titled } from "./titled";
import { summaryOf, useNames } from "./summary";
import { Typed } from "./typed";

export function FromList(props: AskedProps) {
  return props.item.file === "workers" ? <WorkerField {...props} /> : <Listed {...props} />;
}

function WorkerField(props: AskedProps) {
  const { item, body, workers, today, set } = props;
  const chosen = workers.find((worker) => worker.id === body[item.name]);
  return (
    <Titled {...props}>
      {chosen ? (
        <p>
          <strong>{personOf(chosen).name}</strong>{" "}
          <button type="button" class="quiet small" onClick={() => set({ [item.name]: null })}>
            更换
          </button>
        </p>
      ) : (
        <PersonPicker people={present(workers, today)} onPick={(person) => set({ [item.name]: person.id })} isWithin />
      )}
    </Titled>
  );
}

/** Codes of a list that did not come down are typed. */
function Listed(props: AskedProps) {
  const { item, body, scope } = props;
  const { db, forms } = useSession();
  const names = useNames(scope);
  const options = useLive(() => optionsOf(db, forms, item, scope, (one) => `${whenText(one)} ${summaryOf(forms, one, names)}`), [db, forms, item, scope, names]);
  if (!options) return null;
  if (Object.keys(options).length === 0 && isCoded(item)) return <Typed {...props} />;
  const value = body[item.name];
  const others = value && !(String(value) in options) ? { [String(value)]: String(value) } : {}; // older than what is here
  return <Typed {...props} options={{ ...options, ...others }} />;
}

function isCoded({ file }: FormItem): boolean {
  return file === "areas" || file === "items";
}

async function optionsOf(db: FieldDatabase, forms: readonly Form[], item: FormItem, scope: string, textOf: (one: Parameters<typeof whenText>[0]) => string): Promise<Record<string, string>> {
  if (item.file === "areas") return rowsOf(db, "risk_area");
  if (item.file === "items") return itemsOf(forms);
  const records = (await listed(db, item.file ?? "", scope)).filter(isStanding).sort((a, b) => b.timeMs - a.timeMs);
  const begun = await begunAt(db, scope, [item.file ?? ""]);
  const beingWritten = begun.map(({ id, startedMs }) => [id, `正在填写 (${localTime(startedMs)} 开始)`] as const);
  return Object.fromEntries([...beingWritten, ...records.map((one) => [one.id, textOf(one)] as const)]);
}

/** Reference data by code. */
async function rowsOf(db: FieldDatabase, kind: string): Promise<Record<string, string>> {
  const rows = await listed(db, kind, "ref");
  return Object.fromEntries(rows.map(({ body }) => [String(body["code"]), String(body["name"] ?? body["code"])]));
}

/** The items that forms keep account of: their lists of that name. */
function itemsOf(forms: readonly Form[]): Record<string, string> {
  const list = forms.flatMap(({ lists }) => lists?.["item"] ?? []);
  return Object.fromEntries(list.map(({ name, label }) => [name, label]));
}
