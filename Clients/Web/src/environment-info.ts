/** Where the library runs. */
export interface EnvironmentInfo {
    environment: { platform: string; browser: string; browserVersion: string };
    /** Whether the browser has what calls need. */
    isSupportedBrowser: boolean;
    isSupportedPlatform: boolean;
    isSupportedBrowserVersion: boolean;
    isSupportedEnvironment: boolean;
}

const browsers: [name: string, pattern: RegExp][] = [
    ['edge', /Edg[A-Za-z]*\/([\d.]+)/],
    ['opera', /OPR\/([\d.]+)/],
    ['firefox', /(?:Firefox|FxiOS)\/([\d.]+)/],
    ['chrome', /(?:Chrome|CriOS|Chromium)\/([\d.]+)/],
    ['safari', /Version\/([\d.]+).*Safari/],
];

const platforms: [name: string, pattern: RegExp][] = [
    ['android', /Android/],
    ['ios', /iPhone|iPad|iPod/],
    ['windows', /Windows/],
    ['macos', /Mac OS X/],
    ['linux', /Linux|X11/],
];

/** @internal Reads a user agent string. */
export function environmentInfo(userAgent: string): EnvironmentInfo {
    const browser = browsers.map(([name, pattern]) => ({ name, match: pattern.exec(userAgent) })).find(it => it.match);
    const platform = platforms.find(([, pattern]) => pattern.test(userAgent))?.[0] ?? 'unknown';
    const needs = ['RTCPeerConnection', 'RTCRtpTransceiver', 'WebSocket'];
    const supported = needs.every(name => name in globalThis);
    return {
        environment: {
            platform,
            browser: browser?.name ?? 'unknown',
            browserVersion: browser?.match?.[1] ?? 'unknown',
        },
        isSupportedBrowser: supported,
        isSupportedPlatform: platform !== 'unknown',
        isSupportedBrowserVersion: supported,
        isSupportedEnvironment: supported,
    };
}
