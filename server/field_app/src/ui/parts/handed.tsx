// What the person before said when the tablet was handed over, until it was read.

import { localTime } from "../../protocol/time";
import { forgetHanded, handed } from "../../store/handover";
import { useLive, useSession } from "../session";

export function Handed() {
  const { db } = useSession();
  const last = useLive(() => handed(db), [db], ["notes"]);
  if (!last) return null;
  return (
    <div class="card handed" role="status">
      <h2>
        {last.from}交班 <small>{localTime(last.atMs)}</small>
      </h2>
      <ul>
        {last.lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      {last.lines.length === 0 && <p class="muted">没有到点未做的检查。</p>}
      <div class="keys">
        <a class="button quiet" href="#/mine">
          没写完的表单
        </a>
        <button class="quiet" onClick={() => void forgetHanded(db)}>
          知道了
        </button>
      </div>
    </div>
  );
}
