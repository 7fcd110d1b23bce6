import { icon } from './icons';

/** The element of index.html with that id. */
export function byId<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
    const element = document.getElementById(id);
    if (!element) throw new Error(`index.html has no element "${id}"`);
    return element as Kind;
}

/** Makes an element with a class and contents. */
export function make<Name extends keyof HTMLElementTagNameMap>(
    name: Name,
    className = '',
    ...contents: (Node | string)[]
): HTMLElementTagNameMap[Name] {
    const element = document.createElement(name);
    if (className) element.className = className;
    element.append(...contents);
    return element;
}

export function show(element: HTMLElement, visible: boolean): void {
    element.hidden = !visible;
}

/** Draws the icons that index.html names. */
export function drawIcons(): void {
    for (const place of document.querySelectorAll<HTMLElement>('[data-icon]')) {
        place.replaceWith(icon(place.dataset.icon ?? ''));
    }
}

/** A round picture with the first letters of a name, in a colour that belongs to the name. */
export function avatar(name: string): HTMLElement {
    const element = make('span', 'avatar');
    paintAvatar(element, name);
    return element;
}

export function paintAvatar(element: HTMLElement, name: string): void {
    const words = name.trim().split(/\s+/).filter(word => word !== '');
    element.textContent = words.slice(0, 2).map(word => [...word][0]?.toUpperCase()).join('') || '?';
    let hue = 0;
    for (const letter of name) hue = (hue * 31 + (letter.codePointAt(0) ?? 0)) % 360;
    element.style.setProperty('--hue', String(hue));
    element.setAttribute('aria-hidden', 'true');
}

/** Copies text, and says on the button that it did. */
export async function copy(text: string, button: HTMLElement): Promise<void> {
    try {
        await navigator.clipboard.writeText(text);
    } catch {
        // Pages without the permission can still copy what is selected.
        const area = make('textarea');
        area.value = text;
        document.body.append(area);
        area.select();
        document.execCommand('copy');
        area.remove();
    }
    const before = [...button.childNodes];
    button.replaceChildren(icon('check'), 'Copied');
    setTimeout(() => button.replaceChildren(...before), 1500);
}
