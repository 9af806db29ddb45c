import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** Browsers let nothing be taller than some ten million pixels; longer lists scroll faster. */
const MOST_PIXELS = 8_000_000;

export interface VirtualListProps {
  readonly count: number;
  /** Of each row (CSS pixels). */
  readonly rowHeight: number;
  readonly render: (index: number) => ComponentChildren;
  /** This row is brought into sight whenever it changes. */
  readonly shown?: number | undefined;
  readonly role?: "tree" | "listbox";
  readonly label: string;
  readonly active?: string | undefined;
  readonly onKeyDown?: (event: KeyboardEvent) => void;
}

/** A list of any length of which only the rows in sight are there. */
export function VirtualList(props: VirtualListProps) {
  const { count, rowHeight, render, shown, role = "listbox", label, active, onKeyDown } = props;
  const box = useRef<HTMLDivElement>(null);
  const [{ top, height }, setView] = useState({ top: 0, height: 0 });
  const look = () => {
    const element = box.current;
    if (element !== null) setView({ top: element.scrollTop, height: element.clientHeight });
  };
  useEffect(() => {
    const sizes = new ResizeObserver(look);
    if (box.current !== null) sizes.observe(box.current);
    return () => sizes.disconnect();
  }, []);
  const whole = count * rowHeight;
  const tall = Math.min(whole, MOST_PIXELS);
  const squeeze = whole > tall ? (whole - height) / (tall - height) : 1;
  const offset = top * squeeze;
  useEffect(() => {
    const element = box.current;
    if (element === null || shown === undefined || shown < 0 || height === 0) return;
    const at = shown * rowHeight;
    const current = element.scrollTop * squeeze;
    if (at < current) element.scrollTop = at / squeeze;
    else if (at + rowHeight > current + height) element.scrollTop = (at + rowHeight - height) / squeeze;
  }, [shown, height > 0, squeeze]);
  const first = Math.max(0, Math.floor(offset / rowHeight) - 2);
  const end = Math.min(count, Math.ceil((offset + height) / rowHeight) + 2);
  const rows = [];
  for (let index = first; index < end; index++) rows.push(render(index));
  const shift = first * rowHeight - offset + top;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the role is one of two
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: both have names
    <div
      class="virtual"
      ref={box}
      role={role}
      tabIndex={0}
      aria-label={label}
      aria-activedescendant={active}
      onScroll={look}
      onKeyDown={onKeyDown}
    >
      <div class="whole" role="presentation" style={{ height: `${tall}px` }}>
        <div class="seen" role="presentation" style={{ transform: `translateY(${shift}px)` }}>
          {rows}
        </div>
      </div>
    </div>
  );
}
