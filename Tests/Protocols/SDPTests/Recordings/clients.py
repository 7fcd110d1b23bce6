"""Headless Chromium (playwright) and Firefox (WebDriver BiDi) as context managers with one `evaluate(expression)`.

Both open the same small page on 127.0.0.1, because media devices need a secure context.
"""
import asyncio
import http.server
import json
import os
import re
import shutil
import tempfile
import threading

PAGE = """<!doctype html><meta charset=utf-8><title>recording</title><script>
const media = wanted => navigator.mediaDevices.getUserMedia(wanted);
function prefer(transceiver, mime) {
  const all = RTCRtpReceiver.getCapabilities('video').codecs, first = c => c.mimeType === mime ? 0 : 1;
  transceiver.setCodecPreferences([...all].sort((a, b) => first(a) - first(b)));
}
function slots(pc, audio, video, mime) {
  for (let i = 0; i < audio; i++) pc.addTransceiver('audio', {direction: 'recvonly'});
  for (let i = 0; i < video; i++) {
    const transceiver = pc.addTransceiver('video', {direction: 'recvonly'});
    if (mime) prefer(transceiver, mime);
  }
}
async function gathered(pc) {
  await pc.setLocalDescription();
  if (pc.iceGatheringState !== 'complete') await new Promise(done => {
    pc.addEventListener('icegatheringstatechange', () => pc.iceGatheringState === 'complete' && done()); });
  return pc.localDescription.sdp;
}
async function offer(connection) {
  window.pc = await connection;
  return gathered(window.pc);
}
</script>"""


class Site:
    def __enter__(self):
        class Page(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header('Content-Type', 'text/html')
                self.end_headers()
                self.wfile.write(PAGE.encode())

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Page)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f'http://127.0.0.1:{self.server.server_address[1]}/'

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Chromium:
    FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--use-fake-ui-for-media-stream',
             '--use-fake-device-for-media-stream', '--disable-features=WebRtcHideLocalIpsWithMdns']

    async def __aenter__(self):
        from playwright.async_api import async_playwright
        self.site = Site()
        url = self.site.__enter__()
        self.playwright = await async_playwright().start()
        self.browser = await self.playwright.chromium.launch(executable_path='/usr/bin/chromium', args=self.FLAGS)
        self.page = await self.browser.new_page()
        await self.page.goto(url)
        return self

    async def evaluate(self, expression):
        return await self.page.evaluate(expression)

    async def __aexit__(self, *_):
        await self.browser.close()
        await self.playwright.stop()
        self.site.__exit__()


class Firefox:
    PREFERENCES = {
        'media.navigator.permission.disabled': True, 'media.navigator.streams.fake': True,
        'media.peerconnection.ice.loopback': True, 'media.peerconnection.ice.obfuscate_host_addresses': False,
        'app.update.enabled': False, 'datareporting.policy.dataSubmissionEnabled': False,
        'toolkit.telemetry.enabled': False, 'browser.shell.checkDefaultBrowser': False,
        'remote.prefs.recommended': True}

    async def __aenter__(self):
        import websockets
        self.site = Site()
        url = self.site.__enter__()
        self.profile = tempfile.mkdtemp(prefix='firefox-')
        with open(os.path.join(self.profile, 'user.js'), 'w') as file:
            for name, value in self.PREFERENCES.items():
                file.write(f'user_pref({json.dumps(name)}, {json.dumps(value)});\n')
        self.process = await asyncio.create_subprocess_exec(
            'firefox-esr', '--headless', '--no-remote', '--profile', self.profile, '--remote-debugging-port', '0',
            'about:blank', stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
            env=dict(os.environ, HOME=self.profile))
        address = None
        while address is None:
            line = await asyncio.wait_for(self.process.stderr.readline(), 60)
            found = re.search(rb'WebDriver BiDi listening on (ws://\S+)', line)
            address = found and found.group(1).decode()
        self.drain = asyncio.create_task(self.process.stderr.read())
        self.socket = await websockets.connect(address + '/session', max_size=None)
        self.count = 0
        await self.command('session.new', capabilities={})
        self.context = (await self.command('browsingContext.getTree'))['contexts'][0]['context']
        await self.command('browsingContext.navigate', context=self.context, url=url, wait='complete')
        return self

    async def command(self, method, **parameters):
        self.count += 1
        await self.socket.send(json.dumps({'id': self.count, 'method': method, 'params': parameters}))
        while True:
            reply = json.loads(await asyncio.wait_for(self.socket.recv(), 60))
            if reply.get('id') == self.count:
                if reply.get('type') == 'error':
                    raise RuntimeError(str(reply)[:500])
                return reply['result']

    async def evaluate(self, expression):
        reply = await self.command(
            'script.evaluate', expression=f'(async () => JSON.stringify(await ({expression})))()',
            target={'context': self.context}, awaitPromise=True)
        if reply['type'] == 'exception':
            raise RuntimeError(reply['exceptionDetails']['text'])
        return json.loads(reply['result']['value'])

    async def __aexit__(self, *_):
        await self.socket.close()
        self.process.terminate()
        await self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)
        self.site.__exit__()
