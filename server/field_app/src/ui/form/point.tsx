// Where the tablet is.

import { useState } from "preact/hooks";
import { askPosition, type Position } from "../position";

interface Props {
  value: unknown;
  onChange: (point: Position | null) => void;
}

export function Point({ value, onChange }: Props) {
  const [status, setStatus] = useState("");
  const point = value as Position | null | undefined;
  const ask = async () => {
    setStatus("正在定位…");
    const found = await askPosition();
    setStatus(found ? "" : "没有取得定位, 请到开阔处再试, 并允许浏览器使用定位。");
    if (found) onChange(found);
  };
  return (
    <div class="point">
      {point && (
        <p class="notice is-good">
          {point.latitude_deg.toFixed(5)}, {point.longitude_deg.toFixed(5)} <small>误差 {point.accuracy_m} m</small>
        </p>
      )}
      <div class="keys">
        <button type="button" onClick={() => void ask()}>
          {point ? "重新定位" : "定位"}
        </button>
        {point && (
          <button type="button" class="quiet" onClick={() => onChange(null)}>
            清除
          </button>
        )}
      </div>
      <p role="status">{status}</p>
    </div>
  );
}
