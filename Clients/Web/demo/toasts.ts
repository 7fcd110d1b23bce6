import { byId, make } from './dom';
import { icon } from './icons';

/** How long a message stays, milliseconds. */
const stay = 8_000;

/** Shows a message for a while. The same message is not shown twice at the same time. */
export function toast(text: string, problem = false): void {
    const list = byId('toasts');
    if ([...list.children].some(child => child.firstChild?.textContent === text)) return;
    const close = make('button', '', icon('close'));
    close.type = 'button';
    close.setAttribute('aria-label', 'Dismiss');
    const element = make('div', problem ? 'toast problem' : 'toast', make('p', '', text), close);
    const remove = () => element.remove();
    close.addEventListener('click', remove);
    list.append(element);
    setTimeout(remove, stay);
}
