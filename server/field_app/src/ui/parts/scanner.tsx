// Reading a QR code or a bar code with the camera, where the browser can; nothing shows where it cannot. Reading devices that
// type like a keyboard need nothing from here: they type into the field.

import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./icon";

interface Detector {
  detect: (source: HTMLVideoElement) => Promise<{ rawValue: string }[]>;
}

declare global {
  var BarcodeDetector: { new (options: { formats: string[] }): Detector } | undefined;
}

const LOOK_EVERY_MS = 200;
const FORMATS = ["qr_code", "code_128", "pdf417"];

export function canScan(): boolean {
  return typeof globalThis.BarcodeDetector === "function" && navigator.mediaDevices?.getUserMedia !== undefined;
}

/** A key that opens the camera; `onRead` gets what a code says, once. */
export function Scanner({ onRead, title = "扫码" }: { onRead: (text: string) => void; title?: string }) {
  const [isOpen, setOpen] = useState(false);
  if (!canScan()) return null;
  return (
    <>
      <button type="button" class="scan" onClick={() => setOpen(true)}>
        <Icon name="scan" />
        {title}
      </button>
      {isOpen && (
        <Camera
          onClose={() => setOpen(false)}
          onRead={(text) => {
            setOpen(false);
            onRead(text);
          }}
        />
      )}
    </>
  );
}

function Camera({ onRead, onClose }: { onRead: (text: string) => void; onClose: () => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    dialog.current?.showModal();
    const stop = watch(video.current!, onRead, setProblem);
    return stop;
  }, []);
  return (
    <dialog class="camera" ref={dialog} onClose={onClose} aria-label="扫码">
      <video ref={video} playsInline muted />
      {problem && (
        <p class="alert" role="alert">
          {problem}
        </p>
      )}
      <button type="button" class="wide" onClick={onClose}>
        取消
      </button>
    </dialog>
  );
}

/** Look through the camera until something is read. Gives what ends it, and switches the camera off. */
function watch(video: HTMLVideoElement, onRead: (text: string) => void, onProblem: (text: string) => void): () => void {
  let isOver = false;
  let stream: MediaStream | null = null;
  const release = () => stream?.getTracks().forEach((track) => track.stop());
  const run = async () => {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    if (isOver) return release();
    video.srcObject = stream;
    await video.play();
    const detector = new globalThis.BarcodeDetector!({ formats: FORMATS });
    while (!isOver) {
      const [code] = await detector.detect(video);
      if (code && !isOver) return onRead(code.rawValue);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  };
  run().catch(() => isOver || onProblem("打不开相机, 请允许使用相机, 或直接输入。"));
  return () => {
    isOver = true;
    release();
  };
}
