/** Outlines on a 24 × 24 grid. */
const outlines: Record<string, string> = {
    mic: '<rect x="9" y="3" width="6" height="11" rx="3"/><path d="M5 11a7 7 0 0 0 14 0M12 18v3"/>',
    'mic-off': '<path d="M9 5.5A3 3 0 0 1 15 6v5m-1 2.6A3 3 0 0 1 9 11V9M5 11a7 7 0 0 0 11.2 5.6M19 11a7 7 0 0 1-.6 2.8M12 18v3M4 3l16 18"/>',
    camera: '<rect x="3" y="6" width="12" height="12" rx="2.5"/><path d="m15 10.5 6-3.5v10l-6-3.5"/>',
    'camera-off': '<path d="M8 6h4.5A2.5 2.5 0 0 1 15 8.5v2l6-3.5v10l-2-1.2M15 15.5a2.5 2.5 0 0 1-2.5 2.5h-7A2.5 2.5 0 0 1 3 15.5v-7A2.5 2.5 0 0 1 4.5 6.2M3 3l18 18"/>',
    share: '<rect x="3" y="4" width="18" height="13" rx="2.5"/><path d="M12 14V8m-3 2.5 3-3 3 3M8 21h8"/>',
    pause: '<path d="M9 5v14M15 5v14"/>',
    play: '<path d="M7 4.5v15l12-7.5z"/>',
    people: '<circle cx="9" cy="8" r="3.5"/><path d="M2.5 20c.5-4 3-6 6.5-6s6 2 6.5 6M16 5a3.5 3.5 0 0 1 0 6.5M18 14.5c2 .8 3.2 2.6 3.5 5.5"/>',
    phone: '<path d="M5 3.5h3.5l1.7 4.7-2.2 1.6a13 13 0 0 0 6.2 6.2l1.6-2.2 4.7 1.7V19a2 2 0 0 1-2.2 2A17.5 17.5 0 0 1 3 5.7 2 2 0 0 1 5 3.5z"/>',
    'hang-up': '<path d="M2.8 13.5c5-4.7 13.4-4.7 18.4 0 .7.7.7 2 .1 2.8l-1 1.2c-.5.6-1.4.7-2 .3l-2.5-1.6a1.6 1.6 0 0 1-.7-1.6l.2-1.5a10.6 10.6 0 0 0-6.6 0l.2 1.5c.1.6-.2 1.3-.7 1.6l-2.5 1.6c-.6.4-1.5.3-2-.3l-1-1.2c-.6-.8-.6-2.1.1-2.8z"/>',
    settings: '<path d="M4 7h9M17 7h3M4 17h3M11 17h9"/><circle cx="15" cy="7" r="2.2"/><circle cx="9" cy="17" r="2.2"/>',
    leave: '<path d="M10 4H6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h4M15 8l4 4-4 4M19 12H9"/>',
    link: '<path d="M10 14a4 4 0 0 0 5.7 0l3.5-3.5a4 4 0 0 0-5.7-5.7L12 6.3M14 10a4 4 0 0 0-5.7 0l-3.5 3.5a4 4 0 0 0 5.7 5.7l1.5-1.5"/>',
    copy: '<rect x="9" y="9" width="11" height="11" rx="2.5"/><path d="M15 9V6.5A2.5 2.5 0 0 0 12.5 4h-6A2.5 2.5 0 0 0 4 6.5v6A2.5 2.5 0 0 0 6.5 15H9"/>',
    check: '<path d="m5 12.5 4.5 4.5L19 7.5"/>',
    close: '<path d="M6 6l12 12M18 6 6 18"/>',
    badge: '<rect x="3" y="5" width="18" height="14" rx="2.5"/><circle cx="9" cy="11" r="2"/><path d="M6 16c.4-1.6 1.5-2.4 3-2.4s2.6.8 3 2.4M15 10h3M15 14h3"/>',
    chart: '<path d="M4 4v16h16M8 16v-4M12.5 16V8M17 16v-6"/>',
    remove: '<circle cx="9" cy="8" r="3.5"/><path d="M2.5 20c.5-4 3-6 6.5-6s6 2 6.5 6M16.5 9.5h5"/>',
    heart: '<path d="M12 20.5C6 15.7 3 12.2 3 8.6A4.6 4.6 0 0 1 12 7a4.6 4.6 0 0 1 9 1.6c0 3.6-3 7.1-9 11.9z"/>',
    end: '<circle cx="12" cy="12" r="8.5"/><rect x="9" y="9" width="6" height="6" rx="1"/>',
};

export function icon(name: string): SVGSVGElement {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    const attributes = {
        viewBox: '0 0 24 24',
        width: '20',
        height: '20',
        fill: 'none',
        stroke: 'currentColor',
        'stroke-width': '1.9',
        'stroke-linecap': 'round',
        'stroke-linejoin': 'round',
        'aria-hidden': 'true',
    };
    for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
    svg.innerHTML = outlines[name] ?? '';
    return svg;
}
