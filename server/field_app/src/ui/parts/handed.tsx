// What the person before said when the tablet was handed over, until it was read.

import { localTime } from "../../protocol/time";
import { forgetHanded, handed } from "../../store/handover";
import { useLive, useSession } from "../session";

export function Handed() {
  const { db } = useSession();
  const told = useLive(() => handed(db), [db], ["notes"]);
  if (!told) return null;
  return (
    <div class="card handed" role="status">
      <h2>
        {told.from}交班 <small>{localTime(told.atMs)}</small>
      </h2>
      <ul>
        {told.lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      {told.lines.length === 0 && <p class="muted">没有到点未做的检查。</p>}
      <a href="#/mine">没写完的表单在“我做的”里</a>
      <button class="quiet" onClick={() => void forgetHanded(db)}>
        知道了
      </button>
    </div>
  );
}
