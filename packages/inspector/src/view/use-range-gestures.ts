import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";
import type { InspectorState } from "./inspector-state.ts";
import { GUTTER, TimeScale } from "./timeline-geometry.ts";

export interface GestureOptions {
  /** A press and release at one place (CSS pixels of the element). */
  readonly onClick?: (x: number, y: number) => void;
  /** The pointer is there, or nowhere. */
  readonly onHover?: (place: { readonly x: number; readonly y: number } | undefined) => void;
  /** The wheel turned over the names at the left. */
  readonly onScroll?: (by: number) => void;
}

const CLICK_PIXELS = 4;

/** Wheel and pinch zoom about the pointer, dragging moves along, the pointer is followed. */
export function useRangeGestures(
  ref: RefObject<HTMLElement | null>,
  state: InspectorState,
  { onClick, onHover, onScroll }: GestureOptions = {},
): void {
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const stop = new AbortController();
    const pointers = new Map<number, { x: number; y: number; startX: number; startY: number }>();
    const xOf = (event: { clientX: number }) => event.clientX - element.getBoundingClientRect().left;
    const scale = () => new TimeScale(state, element.clientWidth - GUTTER);
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const x = xOf(event);
      if (x < GUTTER) return onScroll?.(event.deltaY);
      const isAcross = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
      if (isAcross) return state.pan((event.deltaX || event.deltaY) / scale().width);
      const speed = event.ctrlKey ? 0.01 : 0.0015;
      state.zoom(Math.exp(event.deltaY * speed), scale().t(x - GUTTER));
    };
    const onDown = (event: PointerEvent) => {
      if (event.button !== 0) return;
      const [x, y] = [event.clientX, event.clientY];
      pointers.set(event.pointerId, { x, y, startX: x, startY: y });
      element.setPointerCapture(event.pointerId);
    };
    const onMove = (event: PointerEvent) => {
      const x = xOf(event);
      state.point(x >= GUTTER ? (x - GUTTER) / scale().width : undefined);
      const pointer = pointers.get(event.pointerId);
      onHover?.(
        pointer === undefined ? { x, y: event.clientY - element.getBoundingClientRect().top } : undefined,
      );
      if (pointer === undefined) return;
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      if (other !== undefined) {
        const before = Math.abs(pointer.x - other.x) + 1;
        const after = Math.abs(event.clientX - other.x) + 1;
        const middle = xOf({ clientX: (event.clientX + other.x) / 2 });
        state.zoom(before / after, scale().t(middle - GUTTER));
      } else {
        state.pan((pointer.x - event.clientX) / scale().width);
        onScroll?.(pointer.y - event.clientY);
      }
      pointer.x = event.clientX;
      pointer.y = event.clientY;
    };
    const onUp = (event: PointerEvent) => {
      const pointer = pointers.get(event.pointerId);
      pointers.delete(event.pointerId);
      if (pointer === undefined || event.type === "pointercancel") return;
      const moved = Math.abs(event.clientX - pointer.startX) + Math.abs(event.clientY - pointer.startY);
      const { left, top } = element.getBoundingClientRect();
      if (moved <= CLICK_PIXELS) onClick?.(event.clientX - left, event.clientY - top);
    };
    const { signal } = stop;
    element.addEventListener("wheel", onWheel, { passive: false, signal });
    element.addEventListener("pointerdown", onDown, { signal });
    element.addEventListener("pointermove", onMove, { signal });
    element.addEventListener("pointerup", onUp, { signal });
    element.addEventListener("pointercancel", onUp, { signal });
    const onLeave = () => {
      onHover?.(undefined);
      state.point(undefined);
    };
    element.addEventListener("pointerleave", onLeave, { signal });
    return () => stop.abort();
  }, [ref, state, onClick, onHover, onScroll]);
}

/** Keys that move through time, wherever the focus is in plots and timeline. @returns true if it was one */
export function rangeKey(state: InspectorState, event: KeyboardEvent): boolean {
  const { firstMs, lastMs } = state.store;
  const step = event.shiftKey ? 0.5 : 0.1;
  switch (event.key) {
    case "ArrowLeft":
      state.pan(-step);
      break;
    case "ArrowRight":
      state.pan(step);
      break;
    case "+":
    case "=":
      state.zoom(0.7);
      break;
    case "-":
      state.zoom(1 / 0.7);
      break;
    case "Home":
      state.show(firstMs, firstMs + state.spanMs);
      break;
    case "End":
      state.show(lastMs - state.spanMs, lastMs);
      break;
    case "0":
      state.showAll();
      break;
    default:
      return false;
  }
  event.preventDefault();
  return true;
}
