// What can be done about a record that stands: correct or change it, or declare it void, and why.

import { useState } from "preact/hooks";
import type { Item } from "../../store/view";
import { voidRecord } from "../../store/write";
import { useSave, useSession } from "../session";

export const WRONG_ENTRY = String.raw`录入错误`; // it goes into the record, and stays in its language

interface Props {
  record: Pick<Item, "scope" | "id" | "state">;
  href: string; // where it is corrected or changed
  isRegister?: boolean;
}

export function Moves({ record, href, isRegister = false }: Props) {
  const { db } = useSession();
  const save = useSave();
  const [reason, setReason] = useState<string | null>(null);
  const declare = (why: string) => void save(() => voidRecord(db, record.scope, record.id, why), "已作废");
  return (
    <>
      <div class="keys">
        <a class="button quiet" href={href}>
          {isRegister ? "修改" : "更正"}
        </a>
        {record.state === "unsent" ? (
          <button type="button" class="quiet" onClick={() => declare(WRONG_ENTRY)}>
            撤销
          </button>
        ) : (
          reason === null && (
            <button type="button" class="quiet" onClick={() => setReason(WRONG_ENTRY)}>
              作废…
            </button>
          )
        )}
      </div>
      {reason !== null && (
        <div class="ask">
          <label class="field">
            <span>作废原因</span>
            <input name="reason" value={reason} maxLength={200} onInput={(event) => setReason(event.currentTarget.value)} />
          </label>
          <div class="keys">
            <button type="button" disabled={reason.trim() === ""} onClick={() => declare(reason.trim())}>
              确认作废
            </button>
            <button type="button" class="quiet" onClick={() => setReason(null)}>
              取消
            </button>
          </div>
        </div>
      )}
    </>
  );
}
