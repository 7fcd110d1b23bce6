/**
 * Calls `tick` every `milliseconds`, also in a hidden tab; returns a function that ends this.
 *
 * Browsers slow the timers of hidden pages down to one a minute, which would miss heartbeats and so incoming calls.
 * Timers in workers are not slowed. Where a worker cannot be had (content security policy) a plain timer must do.
 */
export function steadyInterval(milliseconds: number, tick: () => void): () => void {
    let timer: ReturnType<typeof setInterval> | undefined;
    let worker: Worker | undefined;
    const plain = () => {
        worker?.terminate();
        worker = undefined;
        timer ??= setInterval(tick, milliseconds);
    };
    try {
        const source = `setInterval(()=>postMessage(0),${milliseconds})`;
        const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
        worker = new Worker(url);
        worker.onmessage = tick;
        worker.onerror = plain;
        URL.revokeObjectURL(url);
    } catch {
        plain();
    }
    return () => {
        worker?.terminate();
        clearInterval(timer);
    };
}
