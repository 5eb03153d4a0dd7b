// 更正 of a reading or a pass: the same person, and what is right of it. Both stay readable.

import { useState } from "preact/hooks";
import { contracts } from "../../contracts";
import { isFever, verdict } from "../../domain/temperature";
import { problems } from "../../domain/validate";
import type { Body } from "../../protocol/entry";
import type { FieldDatabase } from "../../store/database";
import { unsealBodies } from "../../store/seal";
import { entryOf, entryRow, namesOf } from "../../store/view";
import { amend } from "../../store/write";
import { FormField } from "../parts/form_field";
import { onward } from "../route";
import { useLive, useSave, useSession } from "../session";

const WORKER_FIELD = "worker"; // somebody else's reading is declared void and taken again

interface Fact {
  scope: string;
  kind: string;
  body: Body;
  name: string;
}

export function Amend({ id }: { id: string | null }) {
  const { db } = useSession();
  const fact = useLive(() => factOf(db, id ?? ""), [db, id]);
  if (fact === undefined) return null;
  if (!fact) return <p class="empty">本机没有这条记录。</p>;
  return <Correct key={id} id={id!} {...fact} />;
}

async function factOf(db: FieldDatabase, id: string): Promise<Fact | null> {
  const row = await entryRow(db, id);
  const [pulled] = row ? [] : await unsealBodies(db, await db.records.where("id").equals(id).limit(1).toArray());
  const there = row ? { scope: row.scope, kind: row.kind, body: entryOf(row).body } : pulled;
  if (!there || !contracts.kinds[there.kind]?.acts.includes("amend")) return null;
  const worker = String(there.body[WORKER_FIELD]);
  return { scope: there.scope, kind: there.kind, body: there.body, name: (await namesOf(db, [worker])).get(worker) ?? "" };
}

function Correct({ id, scope, kind, body: before, name }: Fact & { id: string }) {
  const { db } = useSession();
  const save = useSave();
  const fields = contracts.kinds[kind]!.fields;
  const known = Object.fromEntries(Object.entries(before).filter(([field]) => fields[field]));
  const [body, setBody] = useState<Body>(known);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [isAsked, setAsked] = useState(false);
  const celsius = typeof body["celsius"] === "number" ? body["celsius"] : null;
  const isOdd = celsius !== null && celsius !== known["celsius"] && (verdict(celsius) === "implausible" || isFever(celsius) !== isFever(Number(known["celsius"])));
  const keep = async (event: Event) => {
    event.preventDefault();
    const clean = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== "" && value !== null));
    const invalid = problems(kind, clean);
    setWrong(invalid);
    if (Object.keys(invalid).length > 0) return;
    if (isOdd && !isAsked) return setAsked(true);
    const goOn = onward();
    if (await save(() => amend(db, scope, id, clean, [], { about: [String(clean[WORKER_FIELD])] }), "已更正, 原记录仍可查")) goOn("/mine");
  };
  return (
    <form onSubmit={keep} noValidate>
      <header>
        <a class="back" href="#/mine" aria-label="返回">
          ‹
        </a>
        <h1>
          {name} <small>更正{contracts.kinds[kind]!.title}</small>
        </h1>
      </header>
      <p class="muted">记错了人: 请作废, 再给本人重新记录。测量或通过的时间不变。</p>
      <div class="fields">
        {Object.keys(fields)
          .filter((field) => field !== WORKER_FIELD)
          .map((field) => (
            <FormField key={field} {...{ kind, body, wrong }} name={field} set={(changes) => (setAsked(false), setBody((now) => ({ ...now, ...changes })))} />
          ))}
      </div>
      {isAsked && (
        <p class="alert" role="alert">
          {Number(known["celsius"]).toFixed(1)} ℃ 将更正为 {celsius?.toFixed(1)} ℃。确认后再按一次保存。
        </p>
      )}
      <button class="main">保存更正</button>
    </form>
  );
}
