// Why the server refused an entry: where the refused are listed, and above the form in which it is written again.

import { contracts } from "../../contracts";
import type { Form } from "../../domain/form";
import type { OutboxRow } from "../../store/database";
import { formOf } from "../forms";
import { useLive, useSession } from "../session";
import { refusalText } from "../texts";

export function Reason({ row }: { row: OutboxRow }) {
  const { forms } = useSession();
  const messages = Object.entries(row.errors).flatMap(([pointer, texts]) => texts.map((text) => `${fieldTitle(forms, row, pointer)}${text}`));
  return (
    <>
      <p data-code={row.code}>{refusalText(row.code)}</p>
      {messages.map((message) => (
        <p class="wrong" key={message}>
          {message}
        </p>
      ))}
    </>
  );
}

/** Above a form: what it is about to replace, and what was wrong with that. */
export function ReasonOfCopy({ entry }: { entry: string }) {
  const { db } = useSession();
  const row = useLive(async () => (await db.outbox.where("id").equals(entry).first()) ?? null, [db, entry]);
  if (!row || row.outcome !== "refused" || row.seen === 1) return null;
  return (
    <div class="alert refusal" role="alert">
      <strong>原来的记录被退回, 请改正后保存</strong>
      <Reason row={row} />
    </div>
  );
}

function fieldTitle(forms: readonly Form[], row: OutboxRow, pointer: string): string {
  const name = pointer.split("/")[2] ?? "";
  const title = formOf(forms, row.kind)?.items.find((item) => item.name === name)?.label ?? contracts.kinds[row.kind]?.fields[name]?.title;
  return title ? `${title}: ` : "";
}
