// 补录: a fact that was first written on paper says when it was done. Folded away, because most are written at once.

import { observedProblem, observedText } from "../../domain/backfill";
import { useNow } from "../session";

interface Props {
  value: string; // as domain/backfill has it; "" for what is done now
  onChange: (value: string) => void;
}

export function Observed({ value, onChange }: Props) {
  const now = useNow();
  const problem = observedProblem(value, now);
  const most = observedText(now);
  return (
    <details class="how observed" open={value !== ""}>
      <summary>
        {value === "" ? "现在记录" : `补录 ${value.slice(5).replace("T", " ")}`} <small>{value === "" ? "补录…" : "更改"}</small>
      </summary>
      <label class={problem ? "field is-wrong" : "field"}>
        <span>
          补录: 实际时间 <small>先记在纸上、现在补写时填写; 记录会标明“补录”</small>
        </span>
        <input type="datetime-local" name="observed" value={value} max={most} onInput={(event) => onChange(event.currentTarget.value)} />
        {problem && (
          <span class="wrong" role="alert">
            {problem}
          </span>
        )}
      </label>
      {value !== "" && (
        <button type="button" class="quiet small" onClick={() => onChange("")}>
          不是补录
        </button>
      )}
    </details>
  );
}
