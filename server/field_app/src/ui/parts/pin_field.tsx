// One field for a PIN: the digits do not show.

interface Props {
  title: string;
  value: string;
  set: (pin: string) => void;
  isNew?: boolean;
}

const DIGITS_MOST = 12;

export function PinField({ title, value, set, isNew = false }: Props) {
  return (
    <label>
      {title}
      <input
        class="code"
        type="password"
        inputMode="numeric"
        autocomplete={isNew ? "new-password" : "off"}
        value={value}
        required
        maxLength={DIGITS_MOST}
        onInput={(event) => set(event.currentTarget.value)}
      />
    </label>
  );
}
