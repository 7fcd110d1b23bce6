/** A function that runs `action` once before the next picture of the page, however often it is called until then. */
export function oncePerFrame(action: () => void): () => void {
    let isDue = false;
    return () => {
        if (isDue) return;
        isDue = true;
        requestAnimationFrame(() => {
            isDue = false;
            action();
        });
    };
}
