"""The picture and the voices of the test people, made by ffmpeg once per run."""

import subprocess
from pathlib import Path

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"

# Small and slow, so that several encoders and decoders fit on two cores beside the server.
WIDTH, HEIGHT, FRAME_RATE = 320, 180, 15

# Far enough apart, and no one a multiple of another, to tell people apart by ear (an FFT).
VOICES_HZ = {"ada": 440, "grace": 710, "edsger": 1130}


def run_ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-hide_banner", "-loglevel", "error", "-y", *arguments], check=True)


def make_camera(folder: Path) -> Path:
    """A moving test picture with a counter of its frames."""
    path = folder / "camera.y4m"
    counter = (
        f"drawtext=fontfile={FONT}:text='%{{frame_num}}':fontsize=56:fontcolor=white:box=1:boxcolor=black"
        ":boxborderw=6:x=(w-tw)/2:y=(h-th)/2"
    )
    source = f"testsrc2=size={WIDTH}x{HEIGHT}:rate={FRAME_RATE}"
    run_ffmpeg("-f", "lavfi", "-i", source, "-vf", counter, "-t", "6", "-pix_fmt", "yuv420p", str(path))
    return path


def make_voice(folder: Path, name: str, hertz: int) -> Path:
    """A tone that comes and goes five times in two seconds, so that no filter takes it for background noise."""
    path = folder / f"{name}.wav"
    beeps = f"aevalsrc=exprs='0.5*sin(2*PI*{hertz}*t)*lt(mod(t,0.4),0.28)':sample_rate=48000:duration=4"
    run_ffmpeg("-f", "lavfi", "-i", beeps, "-ac", "1", "-sample_fmt", "s16", str(path))
    return path
