// The records of a form, each with what can be done about it: correct, change, declare void, and why.

import { useState } from "preact/hooks";
import type { Form } from "../../domain/form";
import { isStanding, type Item, photosOf } from "../../store/view";
import { Moves } from "../parts/moves";
import { Thumbnail } from "../parts/photo_field";
import { timeText, whenText } from "../parts/when";
import { type ChildForm, logRoom, pageOf } from "../forms";
import { useLive, useSession } from "../session";
import { STATES } from "../texts";
import { Children } from "./children";
import { type Names, summaryOf, answersOf, useNames } from "./summary";

interface Props {
  form: Form;
  records: readonly Item[]; // the latest first
  scope: string;
  empty?: string | undefined;
  below?: readonly ChildForm[]; // whose records belong to these
  isOpen?: boolean; // the only one
  hasDays?: boolean; // they are not all of today
}

export function Records({ form, records, scope, empty = form.nature === "fact" ? "今日还没有记录。" : "还没有登记。", hasDays = false, below = [], isOpen = false }: Props) {
  const names = useNames(scope);
  return (
    <ul class="records">
      {records.map((record) => (
        <li key={record.id}>
          <OneRecord {...{ form, record, names, hasDays, below }} startsOpen={isOpen} />
        </li>
      ))}
      {records.length === 0 && <li class="muted card">{empty}</li>}
    </ul>
  );
}

interface OneProps extends WholeProps {
  hasDays: boolean;
  startsOpen: boolean;
}

function OneRecord({ form, record, names, hasDays, below, startsOpen }: OneProps) {
  const { forms } = useSession();
  const [isOpen, setOpen] = useState(startsOpen);
  const when = form.nature === "fact" ? (hasDays ? whenText(record) : timeText(record)) : "";
  return (
    <details class="card" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span>
          {isStanding(record) ? summaryOf(forms, record, names) : <s>{summaryOf(forms, record, names)}</s>} <small>{when}</small>{" "}
          {stateText(record) && <small class="muted">{stateText(record)}</small>}
        </span>
      </summary>
      {isOpen && <Whole {...{ form, record, names, below }} />}
    </details>
  );
}

function stateText({ body, state }: Item): string {
  if (body["voided"] === true) return "已作废";
  if (body["amended_by"]) return "已更正";
  return state === "synced" ? "" : (STATES[state] ?? "");
}

interface WholeProps {
  form: Form;
  record: Item;
  names: Names;
  below: readonly ChildForm[];
}

function Whole({ form, record, names, below }: WholeProps) {
  const { db, forms } = useSession();
  const photos = useLive(() => photosOf(db, [record.id]), [db, record.id]);
  return (
    <>
      <dl class="facts">
        {answersOf(form, record.body, names).map(({ item, text }) => (
          <>
            <dt>{item.label}</dt>
            <dd>{item.role === "parent" ? <a href={`#${pageOf(forms, item.file ?? "", String(record.body[item.name]))}`}>查看</a> : text}</dd>
          </>
        ))}
        {form.nature === "fact" && (
          <>
            <dt>时间</dt>
            <dd>{whenText(record)}</dd>
          </>
        )}
      </dl>
      {photos && photos.length > 0 && (
        <div class="photos">
          {photos.filter(({ type }) => type.startsWith("image/")).map((photo) => (
            <Thumbnail key={photo.sha256} photo={photo} />
          ))}
        </div>
      )}
      {isStanding(record) && <Moves record={record} href={`#${logRoom(form.code)}?of=${record.id}`} isRegister={form.nature === "register"} />}
      {below.length > 0 && <Children {...{ below }} scope={record.scope} parent={record.id} />}
    </>
  );
}
