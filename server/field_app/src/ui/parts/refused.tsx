// An entry that the server refused, why, and the way to write it again.

import { localTime } from "../../protocol/time";
import type { OutboxRow } from "../../store/database";
import { setSeen } from "../../store/refused";
import { pathAgain } from "../forms";
import { go } from "../route";
import { useSession } from "../session";
import { Reason } from "./reason";
import { type Names, rowTitle } from "./row_title";

/** A refused entry stays what it is; a correction makes a new one, and until that is saved it is shown here. */
export function Refused({ row, names }: { row: OutboxRow; names: Names }) {
  const { db, forms } = useSession();
  const form = pathAgain(forms, row);
  return (
    <article class="card refused">
      <h2>
        退回: {rowTitle(forms, row, names)} <small>{localTime(row.wallMs)}</small>
      </h2>
      <Reason row={row} />
      <div class="keys">
        {form && (
          <button class="main" onClick={() => go(form)}>
            改正后重新填写
          </button>
        )}
        <button class="quiet" onClick={() => void setSeen(db, row.id)}>
          知道了
        </button>
      </div>
    </article>
  );
}
